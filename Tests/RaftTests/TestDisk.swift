@testable import Raft

/// The application of a test member: it only counts, its contents are the log itself.
struct TestApplication: Equatable {
    var applied = LogIndex.zero
    var confState = ConfState()
}

/// What survives a crash of a test member.
struct TestDisk {
    var hardState = HardState.initial
    var compacted = EntryID.zero
    var entries: [Entry] = []
    var application = TestApplication()

    /// Performs one write; a torn one ends after `entryLimit` entries.
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

    /// Lets go of entries that the durable application holds.
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
