import EtcdAPI

/// Bringing the watchers that are behind up to date.
extension WatchHub {
    /// A watcher of a round: where it stood when the round began, and what the page has for it.
    private struct Participant {
        let watcher: Watcher
        let nextRevision: Int64
        var changes: [WatchedChange] = []
    }

    /// Reads one page of history for up to `watchersPerRound` watchers that are behind and whose
    /// sinks have room. Returns whether any of them got on: then the next round may follow at
    /// once, else etcd's pause of 100 ms is right. One thread at a time.
    ///
    /// Only choosing and delivering hold the hub's lock; history is read and matched outside.
    ///
    /// - Throws: when the history is damaged. Nobody gets anything of the page then.
    package func catchUpStep() throws(StoreError) -> Bool {
        var (participants, store) = withLock { hub in (hub.chooseBehind(), hub.store) }
        guard let first = participants.map(\.nextRevision).min() else {
            return withLock { hub in hub.settleOwedProgress() }
        }
        let page = try store.history(
            from: first, revisions: configuration.revisionsPerRound,
            bytes: configuration.bytesPerRound)
        try Self.match(page, &participants, store: store)
        return withLock { hub in
            guard hub.store === store else { return true }
            var hasMoved = false
            for participant in participants where hub.deliver(page, to: participant) {
                hasMoved = true
            }
            return hasMoved
        }
    }

    /// Tells progress that full sinks put off.
    private func settleOwedProgress() -> Bool {
        for stream in streams where stream.owesProgress && stream.sink.hasRoom {
            settleProgress(stream)
        }
        return false
    }

    private func chooseBehind() -> [Participant] {
        var chosen: [Participant] = []
        var looked = 0
        while looked < behind.count, chosen.count < configuration.watchersPerRound {
            if nextBehind >= behind.count { nextBehind = 0 }
            let watcher = behind[nextBehind]
            if watcher.stream.sink.hasRoom {
                chosen.append(Participant(watcher: watcher, nextRevision: watcher.nextRevision))
            }
            nextBehind += 1
            looked += 1
        }
        return chosen
    }

    /// Finds what each participant gets of a page. Their configurations never change, so no lock
    /// is needed.
    private static func match(
        _ page: HistoryPage, _ participants: inout [Participant], store: Store
    ) throws(StoreError) {
        for record in page.changes {
            try page.withValue(of: record) { bytes throws(StoreError) in
                guard let view = KeyValueView(stored: bytes) else {
                    throw .malformedRecord(key: RevisionKey(record.revision).encoded)
                }
                var change: WatchedChange?
                for place in participants.indices {
                    let configuration = participants[place].watcher.configuration
                    guard participants[place].nextRevision <= record.revision.main,
                        configuration.admits(isDeletion: record.isTombstone),
                        configuration.contains(view.key)
                    else { continue }
                    let shared =
                        change
                        ?? WatchedChange(
                            record.revision, isDeletion: record.isTombstone, record: view)
                    change = shared
                    if configuration.wantsPrevious { try shared.addPrevious(of: view, from: store) }
                    participants[place].changes.append(shared)
                }
            }
        }
    }

    /// Gives a watcher its part of a page and moves it on; false if nothing came of it.
    private func deliver(_ page: HistoryPage, to participant: Participant) -> Bool {
        let watcher = participant.watcher
        // A watcher that is gone may have outlived its stream.
        guard watcher.state == .behind else { return false }
        let stream = watcher.stream
        if participant.nextRevision < page.compactedRevision {
            let notice = watcher.delivery(
                .compacted(revision: page.compactedRevision), revision: 0)
            guard stream.sink.deliver([notice]) else { return false }
            // Its id stays taken until the client cancels it, as in etcd.
            displace(watcher)
            settleProgress(stream)
            return true
        }
        guard participant.nextRevision < page.nextRevision else { return false }
        if !participant.changes.isEmpty {
            let delivery = watcher.delivery(
                .changes(participant.changes), revision: page.storeRevision)
            guard stream.sink.deliver([delivery]) else { return false }
        }
        watcher.nextRevision = page.nextRevision
        if watcher.nextRevision > notifiedRevision {
            displace(watcher)
            place(watcher)
            settleProgress(stream)
        }
        return true
    }
}
