package import Disk
package import Identifiers

/// An error of reading or writing the log. The texts are etcd's where etcd has one.
package enum LogError: Error, Equatable, Sendable {
    /// The disk failed. After this the log accepts no more writes: what is durable is unknown.
    case disk(DiskError)
    /// `create` found a log in the directory.
    case alreadyExists(directory: String)
    /// No segment begins at or before the snapshot's index.
    case noSegment(snapshotIndex: LogIndex)
    /// The numbers of the segments have a gap.
    case brokenSequence(directory: String)
    /// The log ends inside a record, as after an interrupted write; `repair` fixes it if this is
    /// the last segment.
    case unexpectedEnd(segment: String, offsetBytes: Int)
    /// The bytes differ from those that were written.
    case checksumMismatch(
        expected: UInt32, computed: UInt32, segment: String, offsetBytes: Int)
    /// A record that no writer produces.
    case malformedRecord(segment: String, offsetBytes: Int, reason: String)
    /// Segments of two different members or clusters.
    case metadataConflict
    /// The log records the snapshot's index with another term.
    case snapshotMismatch
    /// The log does not record the snapshot that it was to be read from.
    case snapshotNotFound
    /// An entry does not follow the ones before it.
    case entryOutOfRange(index: LogIndex, term: Term, snapshotIndex: LogIndex, readEntries: Int)
}

extension LogError {
    /// Whether a file could not be opened since the process or the system has no descriptor left.
    package var isDescriptorShortage: Bool {
        if case .disk(let error) = self { error.isDescriptorShortage } else { false }
    }
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let error):
            "wal: \(error)"
        case .alreadyExists(let directory):
            "wal: file already exists: \(directory)"
        case .noSegment(let index):
            "wal: file not found which matches the snapshot index '\(index)'"
        case .brokenSequence(let directory):
            "wal: file sequence numbers in \(directory) do not increase continuously"
        case .unexpectedEnd(let segment, let offset):
            "unexpected EOF: in file '\(segment)' at position: \(offset)"
        case .checksumMismatch(let expected, let computed, let segment, let offset):
            "walpb: crc mismatch: expected: \(String(expected, radix: 16)) "
                + "computed: \(String(computed, radix: 16)): "
                + "in file '\(segment)' at position: \(offset)"
        case .malformedRecord(let segment, let offset, let reason):
            "wal: malformed record: \(reason): in file '\(segment)' at position: \(offset)"
        case .metadataConflict:
            "wal: conflicting metadata found"
        case .snapshotMismatch:
            "wal: snapshot mismatch"
        case .snapshotNotFound:
            "wal: snapshot not found"
        case .entryOutOfRange(let index, let term, let snapshotIndex, let count):
            "wal: slice bounds out of range, snapshot[Index: \(snapshotIndex)], "
                + "current entry[Index: \(index), Term: \(term)], len(ents): \(count)"
        }
    }
}

/// Runs disk operations, wrapping what they throw.
@inline(__always)
func onDisk<Result>(_ body: () throws(DiskError) -> Result) throws(LogError) -> Result {
    do {
        return try body()
    } catch {
        throw .disk(error)
    }
}
