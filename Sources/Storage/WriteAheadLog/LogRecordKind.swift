/// The kind of a log record; the raw values are those on disk.
enum LogRecordKind: UInt64 {
    /// The member and the cluster of the log; second in each segment.
    case metadata = 1
    /// One Raft entry.
    case entry = 2
    /// Raft's hard state as of this position.
    case hardState = 3
    /// The running checksum of the previous segment; first in each segment, without data.
    case checksum = 4
    /// A snapshot that the log can be read from.
    case snapshot = 5
}

/// The eight bytes before a record: its length, and how much padding follows it so that the next
/// frame is aligned to eight bytes.
struct LogFrame: Equatable {
    static let sizeBytes = 8

    /// Length of the record in bytes.
    let recordBytes: Int

    init(recordBytes: Int) {
        self.recordBytes = recordBytes
    }

    /// Decodes a length field that is not zero; nil when no writer produces it. The low 56 bits are
    /// the length; with padding the top byte is 0x80 plus its size.
    init?(field: UInt64) {
        let length = Int(field & (1 << 56 - 1))
        self.init(recordBytes: length)
        if length == 0 || self.field != field { return nil }
    }

    var paddingBytes: Int {
        (8 - recordBytes % 8) % 8
    }

    /// Record and padding.
    var bodyBytes: Int {
        recordBytes + paddingBytes
    }

    var field: UInt64 {
        let padding = UInt64(paddingBytes)
        return UInt64(recordBytes) | (padding == 0 ? 0 : (0x80 | padding) << 56)
    }
}
