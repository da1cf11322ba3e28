import EtcdAPI
import Identifiers

/// Synchronizing unsynced watchers from history.
extension WatchDispatcher {
    /// Runs one pass over the unsynced watchers whose receivers have capacity (etcd's
    /// `syncWatchers`). Returns whether any watcher advanced: then the next pass may follow at
    /// once, otherwise after etcd's pause of 100 ms. One thread at a time.
    ///
    /// Only selection and delivery hold the dispatcher's lock; history is read and matched outside
    /// it.
    ///
    /// - Throws: when the history is damaged. Nothing of the damaged page is delivered.
    package func syncWatchers() throws(StoreError) -> Bool {
        var (pass, store) = withLock { dispatcher in
            (dispatcher.selectUnsynced(), dispatcher.store)
        }
        guard !pass.participants.isEmpty else {
            return withLock { dispatcher in dispatcher.sendAllPendingProgress() }
        }
        var hasAdvanced = false
        for kind in SyncPass.Start.allCases {
            guard let start = pass.revision(of: kind) else { break }
            let page = try readPage(from: start, for: &pass, store: store)
            let isSameStore = withLock { dispatcher in
                guard dispatcher.store === store else { return false }
                if dispatcher.deliver(page, from: start, to: &pass) { hasAdvanced = true }
                return true
            }
            guard isSameStore else { return true }
        }
        return hasAdvanced
    }

    /// Sends the progress notifications that full receivers deferred.
    private func sendAllPendingProgress() -> Bool {
        for stream in streams where stream.isProgressPending && stream.receiver.hasCapacity {
            sendPendingProgress(stream)
        }
        return false
    }

    private func selectUnsynced() -> SyncPass {
        syncPasses += 1
        var pass = SyncPass()
        var examined = 0
        while examined < unsynced.count,
            pass.participants.count < configuration.watchersPerSyncMax
        {
            if nextUnsynced >= unsynced.count { nextUnsynced = 0 }
            let watcher = unsynced[nextUnsynced]
            if watcher.stream.receiver.hasCapacity {
                pass.participants.append(
                    SyncPass.Participant(
                        watcher: watcher, nextRevision: watcher.nextRevision,
                        lastServedPass: watcher.lastServedPass))
            }
            nextUnsynced += 1
            examined += 1
        }
        return pass
    }

    /// Reads a page of history in slices and collects the participants' changes.
    private func readPage(
        from start: Revision, for pass: inout SyncPass, store: Store
    ) throws(StoreError) -> SyncPage {
        let candidates = pass.candidates(from: start)
        var slice = try history(of: store, from: start, revisions: configuration.revisionsPerPage)
        var page = SyncPage(slice)
        while true {
            let eventBytes = try Self.match(slice, candidates, in: &pass, store: store)
            page.add(slice, eventBytes: eventBytes)
            guard page.continues(configuration) else { return page }
            slice = try history(
                of: store, from: page.nextRevision,
                revisions: configuration.revisionsPerPage - page.revisions)
            // History below a compaction that was scheduled meanwhile may have gaps.
            guard slice.compactedRevision <= page.nextRevision else { return page }
        }
    }

    private func history(
        of store: Store, from start: Revision, revisions: Int
    ) throws(StoreError) -> HistoryPage {
        try store.history(from: start, revisions: revisions, bytes: configuration.bytesPerSlice)
    }

    /// Collects each candidate's changes of a slice; returns the bytes of all events made for it.
    /// The watchers' configurations never change, so no lock is needed.
    private static func match(
        _ slice: HistoryPage, _ candidates: [Int], in pass: inout SyncPass, store: Store
    ) throws(StoreError) -> Int {
        var eventBytes = 0
        for record in slice.changes {
            try slice.withValue(of: record) { bytes throws(StoreError) in
                guard let view = KeyValueView(stored: bytes) else {
                    throw .malformedRecord(key: RevisionKey(record.revision).encoded)
                }
                var change: WatchedChange?
                for position in candidates {
                    let configuration = pass.participants[position].watcher.configuration
                    guard pass.participants[position].nextRevision <= record.revision.main,
                        configuration.admits(isDeletion: record.isTombstone),
                        configuration.contains(view.key)
                    else { continue }
                    let shared =
                        change
                        ?? WatchedChange(
                            record.revision, isDeletion: record.isTombstone, record: view)
                    change = shared
                    if configuration.wantsPrevious { try shared.addPrevious(of: view, from: store) }
                    pass.participants[position].changes.append(shared)
                }
                eventBytes += change?.heldBytes ?? 0
            }
        }
        return eventBytes
    }
}

/// Delivery of a page. The lock is held.
extension WatchDispatcher {
    /// Delivers each participant's part of a page and advances it; returns whether any advanced.
    private func deliver(
        _ page: SyncPage, from start: Revision, to pass: inout SyncPass
    ) -> Bool {
        var hasAdvanced = false
        for position in pass.participants.indices where !pass.participants[position].isServed {
            let participant = pass.participants[position]
            let isCompacted = participant.nextRevision < page.compactedRevision
            let isWithin = (start..<max(page.nextRevision, start + 1)).contains(
                participant.nextRevision)
            guard isCompacted || isWithin else { continue }
            pass.participants[position].isServed = true
            pass.participants[position].changes = []
            // A removed watcher may have outlived its stream.
            guard participant.watcher.state == .unsynced else { continue }
            let isAdvanced =
                isCompacted
                ? sendCompacted(page.compactedRevision, participant.watcher)
                : deliver(participant.changes, of: page, to: participant.watcher)
            if isAdvanced { hasAdvanced = true }
        }
        return hasAdvanced
    }

    private func sendCompacted(_ revision: Revision, _ watcher: Watcher) -> Bool {
        let stream = watcher.stream
        let delivery = watcher.delivery(.compacted(revision: revision), revision: 0)
        guard stream.receiver.deliver([delivery]) else { return false }
        // As in etcd, its id stays in use until the client cancels it.
        detach(watcher)
        sendPendingProgress(stream)
        return true
    }

    private func deliver(
        _ changes: [WatchedChange], of page: SyncPage, to watcher: Watcher
    ) -> Bool {
        let stream = watcher.stream
        guard watcher.nextRevision < page.nextRevision else { return false }
        if !changes.isEmpty {
            let delivery = watcher.delivery(.changes(changes), revision: page.storeRevision)
            guard stream.receiver.deliver([delivery]) else { return false }
        }
        watcher.nextRevision = page.nextRevision
        watcher.lastServedPass = syncPasses
        if watcher.nextRevision > notifiedRevision {
            detach(watcher)
            attach(watcher)
            sendPendingProgress(stream)
        }
        return true
    }
}
