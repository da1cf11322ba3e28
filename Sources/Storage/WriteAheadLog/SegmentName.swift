internal import Disk
internal import Identifiers

/// The name of a segment: its number in the log and the index of its first entry.
struct SegmentName: Equatable {
    let sequence: UInt64
    let firstIndex: LogIndex

    init(sequence: UInt64, firstIndex: LogIndex) {
        self.sequence = sequence
        self.firstIndex = firstIndex
    }

    /// Parses `%016x-%016x.wal`; nil for every other name.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 37, bytes[16] == 0x2D, text.utf8.suffix(4).elementsEqual(".wal".utf8),
            let sequence = UInt64(hexadecimal: bytes[..<16]),
            let firstIndex = UInt64(hexadecimal: bytes[17..<33])
        else { return nil }
        self.init(sequence: sequence, firstIndex: LogIndex(firstIndex))
    }

    var text: String {
        "\(sequence.hexadecimal16)-\(firstIndex.rawValue.hexadecimal16).wal"
    }

    /// The segments in a directory, ascending; other files are skipped.
    static func all(
        on disk: any Disk, in directory: String
    ) throws(DiskError) -> [SegmentName] {
        try disk.list(directory).compactMap { SegmentName($0) }
    }
}

extension UInt64 {
    /// Sixteen lowercase hexadecimal digits.
    var hexadecimal16: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// Parses 1 to 16 hexadecimal digits, nil for anything else.
    init?(hexadecimal digits: some Collection<UInt8>) {
        if digits.isEmpty || digits.count > 16 { return nil }
        var value: UInt64 = 0
        for digit in digits {
            let nibble: UInt8
            switch digit {
            case 0x30...0x39: nibble = digit - 0x30
            case 0x61...0x66: nibble = digit - 0x61 + 10
            case 0x41...0x46: nibble = digit - 0x41 + 10
            default: return nil
            }
            value = value << 4 | UInt64(nibble)
        }
        self = value
    }
}
