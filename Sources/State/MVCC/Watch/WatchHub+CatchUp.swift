import EtcdAPI

/// Bringing the watchers that are behind up to date.
extension WatchHub {
    /// Does a round of catching up for those watchers that are behind and whose sinks have room.
    /// Returns whether any of them got on: then the next round may follow at once, else etcd's
    /// pause of 100 ms is right. One thread at a time.
    ///
    /// Only choosing and delivering hold the hub's lock; history is read and matched outside.
    ///
    /// - Throws: when the history is damaged. Nobody gets anything of the page then.
    package func catchUpStep() throws(StoreError) -> Bool {
        var (round, store) = withLock { hub in (hub.chooseBehind(), hub.store) }
        guard !round.participants.isEmpty else {
            return withLock { hub in hub.settleOwedProgress() }
        }
        var hasMoved = false
        for kind in CatchUpRound.Start.allCases {
            guard let start = round.revision(of: kind) else { break }
            let page = try readPage(from: start, for: &round, store: store)
            let isSameStore = withLock { hub in
                guard hub.store === store else { return false }
                if hub.deliver(page, from: start, to: &round) { hasMoved = true }
                return true
            }
            guard isSameStore else { return true }
        }
        return hasMoved
    }

    /// Tells progress that full sinks put off.
    private func settleOwedProgress() -> Bool {
        for stream in streams where stream.owesProgress && stream.sink.hasRoom {
            settleProgress(stream)
        }
        return false
    }

    private func chooseBehind() -> CatchUpRound {
        catchUpRounds += 1
        var round = CatchUpRound()
        var looked = 0
        while looked < behind.count, round.participants.count < configuration.watchersPerRound {
            if nextBehind >= behind.count { nextBehind = 0 }
            let watcher = behind[nextBehind]
            if watcher.stream.sink.hasRoom {
                round.participants.append(
                    CatchUpRound.Participant(
                        watcher: watcher, nextRevision: watcher.nextRevision,
                        waitingSince: watcher.waitingSince))
            }
            nextBehind += 1
            looked += 1
        }
        return round
    }

    /// Reads a page of history, slice by slice, and finds what the participants get of it.
    private func readPage(
        from start: Int64, for round: inout CatchUpRound, store: Store
    ) throws(StoreError) -> CatchUpPage {
        let candidates = round.candidates(from: start)
        var slice = try history(of: store, from: start, revisions: configuration.revisionsPerPage)
        var page = CatchUpPage(slice)
        while true {
            let eventBytes = try Self.match(slice, candidates, in: &round, store: store)
            page.add(slice, eventBytes: eventBytes)
            guard page.goesOn(configuration) else { return page }
            slice = try history(
                of: store, from: page.nextRevision,
                revisions: configuration.revisionsPerPage - page.revisions)
            // What a compaction has overtaken meanwhile may have gaps.
            guard slice.compactedRevision <= page.nextRevision else { return page }
        }
    }

    private func history(
        of store: Store, from start: Int64, revisions: Int
    ) throws(StoreError) -> HistoryPage {
        try store.history(from: start, revisions: revisions, bytes: configuration.bytesPerSlice)
    }

    /// Finds what each candidate gets of a slice; returns the bytes of all events made for it.
    /// The watchers' configurations never change, so no lock is needed.
    private static func match(
        _ slice: HistoryPage, _ candidates: [Int], in round: inout CatchUpRound, store: Store
    ) throws(StoreError) -> Int {
        var eventBytes = 0
        for record in slice.changes {
            try slice.withValue(of: record) { bytes throws(StoreError) in
                guard let view = KeyValueView(stored: bytes) else {
                    throw .malformedRecord(key: RevisionKey(record.revision).encoded)
                }
                var change: WatchedChange?
                for place in candidates {
                    let configuration = round.participants[place].watcher.configuration
                    guard round.participants[place].nextRevision <= record.revision.main,
                        configuration.admits(isDeletion: record.isTombstone),
                        configuration.contains(view.key)
                    else { continue }
                    let shared =
                        change
                        ?? WatchedChange(
                            record.revision, isDeletion: record.isTombstone, record: view)
                    change = shared
                    if configuration.wantsPrevious { try shared.addPrevious(of: view, from: store) }
                    round.participants[place].changes.append(shared)
                }
                eventBytes += change?.heldBytes ?? 0
            }
        }
        return eventBytes
    }
}

/// Handing on what was read. The lock is held.
extension WatchHub {
    /// Gives each participant its part of a page and moves it on; whether any moved.
    private func deliver(
        _ page: CatchUpPage, from start: Int64, to round: inout CatchUpRound
    ) -> Bool {
        var hasMoved = false
        for place in round.participants.indices where !round.participants[place].isServed {
            let participant = round.participants[place]
            let isOvertaken = participant.nextRevision < page.compactedRevision
            let isWithin = (start..<max(page.nextRevision, start + 1)).contains(
                participant.nextRevision)
            guard isOvertaken || isWithin else { continue }
            round.participants[place].isServed = true
            round.participants[place].changes = []
            // A watcher that is gone may have outlived its stream.
            guard participant.watcher.state == .behind else { continue }
            let isMoved =
                isOvertaken
                ? tellCompacted(page.compactedRevision, participant.watcher)
                : deliver(participant.changes, of: page, to: participant.watcher)
            if isMoved { hasMoved = true }
        }
        return hasMoved
    }

    private func tellCompacted(_ revision: Int64, _ watcher: Watcher) -> Bool {
        let stream = watcher.stream
        let notice = watcher.delivery(.compacted(revision: revision), revision: 0)
        guard stream.sink.deliver([notice]) else { return false }
        // Its id stays taken until the client cancels it, as in etcd.
        displace(watcher)
        settleProgress(stream)
        return true
    }

    private func deliver(
        _ changes: [WatchedChange], of page: CatchUpPage, to watcher: Watcher
    ) -> Bool {
        let stream = watcher.stream
        guard watcher.nextRevision < page.nextRevision else { return false }
        if !changes.isEmpty {
            let delivery = watcher.delivery(.changes(changes), revision: page.storeRevision)
            guard stream.sink.deliver([delivery]) else { return false }
        }
        watcher.nextRevision = page.nextRevision
        watcher.waitingSince = catchUpRounds
        if watcher.nextRevision > notifiedRevision {
            displace(watcher)
            place(watcher)
            settleProgress(stream)
        }
        return true
    }
}
