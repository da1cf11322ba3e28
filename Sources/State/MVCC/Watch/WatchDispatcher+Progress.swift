/// Progress notifications: the revision up to which a client has received all changes.
extension WatchDispatcher {
    /// Requests a progress notification for the whole stream, sent with watcher id -1. It is sent
    /// at once if all watchers are synced and have started, and deferred while any is unsynced. A
    /// stream without watchers gets none.
    package func requestProgress(on stream: WatchStream) {
        withLock { dispatcher in
            guard !stream.isClosed, !stream.watchers.isEmpty else { return }
            guard stream.unsyncedCount == 0 else {
                stream.isProgressPending = true
                return
            }
            dispatcher.sendProgress(stream)
        }
    }

    /// Sends one watcher its progress if it is synced and has started; for the periodic
    /// notifications of idle watchers. Returns whether it was sent.
    package func notifyProgress(of id: Int64, on stream: WatchStream) -> Bool {
        withLock { dispatcher in
            guard let watcher = stream.watchers[id], watcher.state == .synced,
                watcher.configuration.startRevision <= dispatcher.notifiedRevision
            else { return false }
            return stream.receiver.deliver([
                watcher.delivery(.progress, revision: dispatcher.notifiedRevision)
            ])
        }
    }

    /// Sends the progress that was requested while watchers were unsynced.
    func sendPendingProgress(_ stream: WatchStream) {
        guard stream.isProgressPending, stream.unsyncedCount == 0 else { return }
        sendProgress(stream)
    }

    private func sendProgress(_ stream: WatchStream) {
        stream.isProgressPending = false
        // The order of the dictionary does not matter for whether all have started.
        let haveStarted = stream.watchers.values.allSatisfy { watcher in
            watcher.configuration.startRevision <= notifiedRevision
        }
        guard haveStarted, !stream.watchers.isEmpty else { return }
        let progress = WatchDelivery(
            watcherID: -1, revision: notifiedRevision, wantsPrevious: false,
            allowsFragments: false, content: .progress)
        if !stream.receiver.deliver([progress]) { stream.isProgressPending = true }
    }
}
