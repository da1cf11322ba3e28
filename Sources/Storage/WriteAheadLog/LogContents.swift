package import EtcdAPI

/// What a log held when it was opened.
package struct LogContents: Equatable, Sendable {
    /// The bytes of the `LogMetadata` record at the head of each segment.
    package var metadata: [UInt8] = []

    /// The newest hard state; empty when none was ever written.
    package var hardState = RaftHardState()

    /// The entries behind the snapshot, without gaps. An index that was written twice has its later
    /// entry, and what followed the earlier one is gone (Raft paper, figure 7). Entries above
    /// `hardState.commit` may be overwritten yet.
    package var entries: [RaftEntry] = []

    package init() {}
}

/// Gathers the records of a log into its contents.
struct LogReplay: ~Copyable {
    private let start: LogSnapshotRecord
    private(set) var contents = LogContents()
    private(set) var lastIndex: UInt64 = 0
    private var hasMetadata = false
    /// Term of the log's own entry at the snapshot's index.
    private var termAtStart: UInt64?

    /// Whether the log knows the snapshot that it is read from.
    private(set) var isStartKnown = false

    init(from start: LogSnapshotRecord) {
        self.start = start
    }

    mutating func take(_ record: LogDecoder.Record) throws(LogError) {
        switch record.kind {
        case .checksum: break
        case .metadata: try takeMetadata(record)
        case .entry: try takeEntry(record)
        case .hardState: contents.hardState = try RaftHardState(strictly: record)
        case .snapshot: try takeSnapshot(record)
        }
    }

    private mutating func takeMetadata(_ record: LogDecoder.Record) throws(LogError) {
        if hasMetadata, !record.data.elementsEqual(contents.metadata) { throw .metadataConflict }
        hasMetadata = true
        contents.metadata = Array(record.data)
    }

    private mutating func takeEntry(_ record: LogDecoder.Record) throws(LogError) {
        let entry = try RaftEntry(strictly: record)
        lastIndex = entry.index
        if entry.index == start.index { termAtStart = entry.term }
        // One that is written again takes away what followed it, also where it lies before the
        // start itself.
        if entry.index <= start.index { return contents.entries.removeAll() }
        let position = entry.index - start.index - 1
        if position > UInt64(contents.entries.count) {
            throw .entryOutOfRange(
                index: entry.index, term: entry.term, snapshotIndex: start.index,
                readEntries: contents.entries.count)
        }
        contents.entries.removeSubrange(Int(position)...)
        contents.entries.append(entry)
    }

    private mutating func takeSnapshot(_ record: LogDecoder.Record) throws(LogError) {
        let snapshot = try LogSnapshotRecord(strictly: record)
        // The log may go on behind a snapshot that another member sent.
        lastIndex = max(lastIndex, snapshot.index)
        if snapshot.index != start.index { return }
        if snapshot.term != start.term { throw .snapshotMismatch }
        isStartKnown = true
        // A snapshot that contradicts the log replaced all of it, also what lies behind: entries
        // that were never committed, of a term that the snapshot's leader has overruled.
        if let termAtStart, termAtStart != start.term { contents.entries.removeAll() }
    }
}

// The kind of a record is not under its checksum. These initializers refuse data of another kind,
// so that one damaged bit cannot turn an entry into a hard state or the other way round.

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
