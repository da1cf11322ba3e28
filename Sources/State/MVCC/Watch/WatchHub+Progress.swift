/// Progress: telling a client up to where it has seen everything.
extension WatchHub {
    /// Asks for a progress of the whole stream, told with watcher id -1. It is told at once if all
    /// watchers are up to date and have started, later if some are behind; a stream without
    /// watchers is told nothing.
    package func requestProgress(on stream: WatchStream) {
        withLock { hub in
            guard !stream.isClosed, !stream.watchers.isEmpty else { return }
            guard stream.behindCount == 0 else {
                stream.owesProgress = true
                return
            }
            hub.tellProgress(stream)
        }
    }

    /// Tells one watcher its progress, if it is up to date and has started; for the periodic
    /// notifications of idle watchers. Whether it was told.
    package func notifyProgress(of id: Int64, on stream: WatchStream) -> Bool {
        withLock { hub in
            guard let watcher = stream.watchers[id], watcher.state == .upToDate,
                watcher.configuration.startRevision <= hub.notifiedRevision
            else { return false }
            return stream.sink.deliver([
                watcher.delivery(.progress, revision: hub.notifiedRevision)
            ])
        }
    }

    /// Tells the progress that was asked for while watchers were behind.
    func settleProgress(_ stream: WatchStream) {
        guard stream.owesProgress, stream.behindCount == 0 else { return }
        tellProgress(stream)
    }

    private func tellProgress(_ stream: WatchStream) {
        stream.owesProgress = false
        // The order of the dictionary does not matter for whether all have started.
        let haveStarted = stream.watchers.values.allSatisfy { watcher in
            watcher.configuration.startRevision <= notifiedRevision
        }
        guard haveStarted, !stream.watchers.isEmpty else { return }
        let progress = WatchDelivery(
            watcherID: -1, revision: notifiedRevision, wantsPrevious: false,
            allowsFragments: false, content: .progress)
        if !stream.sink.deliver([progress]) { stream.owesProgress = true }
    }
}
