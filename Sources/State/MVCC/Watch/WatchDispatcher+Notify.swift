import EtcdAPI
import Identifiers

/// Notifying the synced watchers.
extension WatchDispatcher {
    /// Delivers transactions, in revision order without gaps. Apply thread; the store's write lock
    /// is not held.
    ///
    /// - Throws: when a previous pair cannot be read. Nothing is delivered then.
    package func notify(_ transactions: [CommittedTransaction]) throws(StoreError) {
        guard let last = transactions.last else { return }
        try withLock { dispatcher throws(StoreError) in
            var streams: [WatchStream] = []
            if !dispatcher.index.isEmpty {
                for transaction in transactions {
                    try dispatcher.collect(transaction, into: &streams)
                }
            }
            dispatcher.notifiedRevision = max(dispatcher.notifiedRevision, last.revision)
            for stream in streams { dispatcher.flush(stream) }
        }
    }

    /// Fills the outboxes of the streams that watch a key changed by the transaction.
    private func collect(
        _ transaction: CommittedTransaction, into streams: inout [WatchStream]
    ) throws(StoreError) {
        var touched: [Watcher] = []
        let isSingleChange = transaction.changes.count == 1
        for record in transaction.changes {
            guard let view = KeyValueView(stored: record.value) else { continue }
            // Watchers of only this change in the transaction share one list of it.
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
                if isSingleChange {
                    post(only, to: watcher, revision: transaction.revision, &streams)
                } else if watcher.collected.isEmpty {
                    touched.append(watcher)
                    watcher.collected = only
                } else {
                    watcher.collected.append(only[0])
                }
            }
        }
        for watcher in touched {
            post(watcher.collected, to: watcher, revision: transaction.revision, &streams)
            watcher.collected = []
        }
    }

    private func post(
        _ changes: [WatchedChange], to watcher: Watcher, revision: Revision,
        _ streams: inout [WatchStream]
    ) {
        let stream = watcher.stream
        if stream.outbox.isEmpty { streams.append(stream) }
        stream.post(changes, to: watcher, revision: revision)
    }

    /// Delivers an outbox; if the receiver is full, its watchers become unsynced.
    private func flush(_ stream: WatchStream) {
        defer { stream.clearOutbox() }
        guard !stream.receiver.deliver(stream.outbox) else { return }
        for delivery in stream.outbox {
            for position in 0..<delivery.watcherCount {
                markUnsynced(
                    stream.watchers[delivery.watcherID(at: position)], at: delivery.revision)
            }
        }
    }

    /// Makes a synced watcher read history from `revision` on. An already unsynced one is left as
    /// it is: it begins at a lower revision.
    private func markUnsynced(_ watcher: Watcher?, at revision: Revision) {
        guard let watcher, watcher.state == .synced else { return }
        watcher.nextRevision = revision
        detach(watcher)
        attach(watcher)
    }
}
