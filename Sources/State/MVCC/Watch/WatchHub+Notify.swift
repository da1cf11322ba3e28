import EtcdAPI

/// Telling the watchers that are up to date.
extension WatchHub {
    /// Tells of transactions, in revision order without gaps. Apply thread; the store's write lock
    /// is not held.
    package func notify(_ transactions: [CommittedTransaction]) {
        guard let last = transactions.last else { return }
        withLock { hub in
            var streams: [WatchStream] = []
            if !hub.index.isEmpty {
                for transaction in transactions { hub.gather(transaction, into: &streams) }
            }
            hub.notifiedRevision = max(hub.notifiedRevision, last.revision)
            for stream in streams { hub.flush(stream) }
        }
    }

    /// Fills the outboxes of the streams that watch something the transaction changed.
    private func gather(_ transaction: CommittedTransaction, into streams: inout [WatchStream]) {
        var touched: [Watcher] = []
        for record in transaction.changes {
            guard let view = KeyValueView(stored: record.value) else { continue }
            // Watchers that hear of nothing else in the transaction share one list of it.
            var only: [WatchedChange] = []
            index.forEach(watching: view.key) { watcher in
                guard watcher.nextRevision <= transaction.revision,
                    watcher.configuration.admits(isDeletion: record.isTombstone)
                else { return }
                if only.isEmpty {
                    only.append(
                        WatchedChange(
                            record.revision, isDeletion: record.isTombstone, record: view))
                }
                if watcher.configuration.wantsPrevious {
                    only[0].addPrevious(of: view, from: store)
                }
                if watcher.gathered.isEmpty {
                    touched.append(watcher)
                    watcher.gathered = only
                } else {
                    watcher.gathered.append(only[0])
                }
            }
        }
        for watcher in touched {
            let stream = watcher.stream
            if stream.outbox.isEmpty { streams.append(stream) }
            stream.post(watcher, revision: transaction.revision)
            watcher.gathered = []
            if watcher.undeliveredRevision == 0 {
                watcher.undeliveredRevision = transaction.revision
            }
        }
    }

    /// Hands an outbox over; if the sink is full its watchers fall behind.
    private func flush(_ stream: WatchStream) {
        let isTaken = stream.sink.deliver(stream.outbox)
        defer { stream.clearOutbox() }
        for watcher in stream.posted where watcher.undeliveredRevision != 0 {
            if !isTaken {
                watcher.nextRevision = watcher.undeliveredRevision
                displace(watcher)
                place(watcher)
            }
            watcher.undeliveredRevision = 0
        }
    }
}
