import EtcdAPI

/// Telling the watchers that are up to date.
extension WatchHub {
    /// Tells of transactions, in revision order without gaps. Apply thread; the store's write lock
    /// is not held.
    ///
    /// - Throws: when a previous pair cannot be read. Nobody is told of anything then.
    package func notify(_ transactions: [CommittedTransaction]) throws(StoreError) {
        guard let last = transactions.last else { return }
        try withLock { hub throws(StoreError) in
            var streams: [WatchStream] = []
            if !hub.index.isEmpty {
                for transaction in transactions { try hub.gather(transaction, into: &streams) }
            }
            hub.notifiedRevision = max(hub.notifiedRevision, last.revision)
            for stream in streams { hub.flush(stream) }
        }
    }

    /// Fills the outboxes of the streams that watch something the transaction changed.
    private func gather(
        _ transaction: CommittedTransaction, into streams: inout [WatchStream]
    ) throws(StoreError) {
        var touched: [Watcher] = []
        let isAlone = transaction.changes.count == 1
        for record in transaction.changes {
            guard let view = KeyValueView(stored: record.value) else { continue }
            // Watchers that hear of nothing else in the transaction share one list of it.
            var only: [WatchedChange] = []
            try index.forEach(watching: view.key) { watcher throws(StoreError) in
                guard watcher.nextRevision <= transaction.revision,
                    watcher.configuration.admits(isDeletion: record.isTombstone)
                else { return }
                if only.isEmpty {
                    only.append(
                        WatchedChange(
                            record.revision, isDeletion: record.isTombstone, record: view))
                }
                if watcher.configuration.wantsPrevious {
                    try only[0].addPrevious(of: view, from: store)
                }
                if isAlone {
                    post(only, to: watcher, revision: transaction.revision, &streams)
                } else if watcher.gathered.isEmpty {
                    touched.append(watcher)
                    watcher.gathered = only
                } else {
                    watcher.gathered.append(only[0])
                }
            }
        }
        for watcher in touched {
            post(watcher.gathered, to: watcher, revision: transaction.revision, &streams)
            watcher.gathered = []
        }
    }

    private func post(
        _ changes: [WatchedChange], to watcher: Watcher, revision: Int64,
        _ streams: inout [WatchStream]
    ) {
        let stream = watcher.stream
        if stream.outbox.isEmpty { streams.append(stream) }
        stream.post(changes, to: watcher, revision: revision)
    }

    /// Hands an outbox over; if the sink is full its watchers fall behind.
    private func flush(_ stream: WatchStream) {
        defer { stream.clearOutbox() }
        guard !stream.sink.deliver(stream.outbox) else { return }
        for delivery in stream.outbox {
            for place in 0..<delivery.watcherCount {
                fallBehind(stream.watchers[delivery.watcherID(at: place)], at: delivery.revision)
            }
        }
    }

    /// Sends a watcher into history, to read from `revision` on; one that is there already stays,
    /// for it begins further back.
    private func fallBehind(_ watcher: Watcher?, at revision: Int64) {
        guard let watcher, watcher.state == .upToDate else { return }
        watcher.nextRevision = revision
        displace(watcher)
        place(watcher)
    }
}
