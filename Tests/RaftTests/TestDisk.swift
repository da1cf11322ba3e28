@testable import Raft
import Identifiers

/// The application of a test member: it only keeps the applied index; its contents are the log.
struct TestApplication: Equatable {
    var applied = LogIndex.zero
    var confState = ConfState()
}

/// State of a test member that survives a crash.
struct TestDisk {
    var hardState = HardState.initial
    var compacted = EntryID.zero
    var entries: [Entry] = []
    var application = TestApplication()

    /// Performs one write; a torn write ends after `entryLimit` entries.
    mutating func perform(_ write: LogWrite, entryLimit: Int? = nil) {
        if let snapshot = write.snapshot {
            compacted = snapshot.id
            entries = []
            application = TestApplication(
                applied: snapshot.index, confState: snapshot.confState)
        }
        for entry in write.entries.prefix(entryLimit ?? .max) {
            let kept = entry.index - compacted.index - 1
            if kept < entries.count { entries.removeLast(entries.count - kept) }
            entries.append(entry)
        }
        if entryLimit == nil, let state = write.hardState { hardState = state }
    }

    /// Removes entries that the durable application has applied.
    mutating func compact(to index: LogIndex) {
        let count = min(index, application.applied) - compacted.index
        guard count > 0, count <= entries.count else { return }
        compacted = entries[count - 1].id
        entries.removeFirst(count)
    }

    var restored: RestoredState {
        RestoredState(
            hardState: hardState, compacted: compacted, entries: entries,
            confState: application.confState, applied: application.applied)
    }
}
