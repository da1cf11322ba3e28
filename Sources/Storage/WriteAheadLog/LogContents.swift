package import EtcdAPI
import Identifiers

/// The contents of a log at its opening.
package struct LogContents: Equatable, Sendable {
    /// The bytes of the `LogMetadata` record at the head of each segment.
    package var metadata: [UInt8] = []

    /// The newest hard state; empty when none was ever written.
    package var hardState = RaftHardState()

    /// The entries after the snapshot, without gaps. An index that was written twice has its later
    /// entry, and the entries after the earlier one are dropped (Raft paper, figure 7). Entries
    /// above `hardState.commit` may still be overwritten.
    package var entries: [RaftEntry] = []

    package init() {}
}

/// Collects the records of a log into its contents.
struct LogReplay: ~Copyable {
    private let start: LogSnapshotRecord
    private(set) var contents = LogContents()
    private(set) var lastIndex: LogIndex = .zero
    private var hasMetadata = false
    /// Term of the log's own entry at the snapshot's index.
    private var termAtStart: Term?

    /// Whether the log records the snapshot that it is read from.
    private(set) var isStartKnown = false

    init(from start: LogSnapshotRecord) {
        self.start = start
    }

    mutating func apply(_ record: LogDecoder.Record) throws(LogError) {
        switch record.kind {
        case .checksum: break
        case .metadata: try applyMetadata(record)
        case .entry: try applyEntry(record)
        case .hardState: contents.hardState = try RaftHardState(strictly: record)
        case .snapshot: try applySnapshot(record)
        }
    }

    private mutating func applyMetadata(_ record: LogDecoder.Record) throws(LogError) {
        if hasMetadata, !record.data.elementsEqual(contents.metadata) { throw .metadataConflict }
        hasMetadata = true
        contents.metadata = Array(record.data)
    }

    private mutating func applyEntry(_ record: LogDecoder.Record) throws(LogError) {
        let entry = try RaftEntry(strictly: record)
        lastIndex = LogIndex(entry.index)
        if entry.index == start.index { termAtStart = Term(entry.term) }
        // An entry that is written again removes the entries after it, also if it is before the
        // start.
        if entry.index <= start.index { return contents.entries.removeAll() }
        let position = entry.index - start.index - 1
        if position > UInt64(contents.entries.count) {
            throw .entryOutOfRange(
                index: LogIndex(entry.index), term: Term(entry.term),
                snapshotIndex: LogIndex(start.index),
                readEntries: contents.entries.count)
        }
        contents.entries.removeSubrange(Int(position)...)
        contents.entries.append(entry)
    }

    private mutating func applySnapshot(_ record: LogDecoder.Record) throws(LogError) {
        let snapshot = try LogSnapshotRecord(strictly: record)
        // The log may continue after a snapshot that another member sent.
        lastIndex = max(lastIndex, LogIndex(snapshot.index))
        if snapshot.index != start.index { return }
        if snapshot.term != start.term { throw .snapshotMismatch }
        isStartKnown = true
        // A snapshot that contradicts the log replaced all of it, also the entries after it: they
        // were never committed, and are of a term that the snapshot's leader has overruled.
        if let termAtStart, termAtStart != Term(start.term) { contents.entries.removeAll() }
    }
}

// The kind of a record is not covered by its checksum. These initializers reject data of another
// kind, so that one damaged bit cannot change an entry into a hard state or vice versa.

extension RaftEntry {
    init(strictly record: LogDecoder.Record) throws(LogError) {
        self = try record.decode()
        // A hard state's term, vote and commit would be type, term and index without data.
        let isHardState = type == .confChange && data.isEmpty
        if term == 0 || !(0...2).contains(type.rawValue) || isHardState {
            throw record.malformed("not an entry")
        }
    }
}

extension RaftHardState {
    init(strictly record: LogDecoder.Record) throws(LogError) {
        self = try record.decode()
        if term == 0 || encodedSize != record.data.count { throw record.malformed("not a state") }
    }
}

extension LogSnapshotRecord {
    init(strictly record: LogDecoder.Record) throws(LogError) {
        self = try record.decode()
    }
}

extension LogDecoder.Record {
    fileprivate func decode<Message: WireMessage>() throws(LogError) -> Message {
        do {
            return try Message(decoding: data)
        } catch {
            throw malformed("\(error)")
        }
    }

    fileprivate func malformed(_ reason: String) -> LogError {
        .malformedRecord(segment: segment, offsetBytes: offsetBytes, reason: reason)
    }
}
