package import Identifiers

/// Delivers the store's changes to watchers (etcd's watchableStore).
///
/// Guarantees, for each watcher: it gets every change of its keys from its start revision on that
/// passes its filters, once, in revision order, the changes of a transaction together. A progress
/// notification never precedes the changes it covers. If compaction removes changes that it has not
/// received, it gets a compacted notification and ends.
///
/// Synced watchers are found through an index when a transaction is notified. A watcher that starts
/// in the past, or whose receiver is full, is unsynced: a cursor for which `syncWatchers` reads
/// history in bounded pages. It becomes synced under the lock once its cursor has passed the
/// notified revision. No watcher waits for the history of others (`SyncPass`).
///
/// Threads: `notify` from the apply thread, after the store's write lock is released;
/// `syncWatchers` from one thread at a time; everything else from any thread. One lock guards the
/// dispatcher. Lock order: the dispatcher's lock, then the store's read lock.
package final class WatchDispatcher: @unchecked Sendable {
    // `@unchecked Sendable`: everything mutable is guarded by `lock`.
    let lock = ReadersWriterLock()
    let configuration: WatchConfiguration
    var store: Store
    var index = WatcherIndex()
    var unsynced: [Watcher] = []
    /// Where the next pass begins in `unsynced`.
    var nextUnsynced = 0
    /// Passes of `syncWatchers` so far.
    var syncPasses: UInt64 = 0
    /// Every change up to this revision was delivered to the synced watchers.
    var notifiedRevision: Revision
    var streams: [WatchStream] = []
    var watcherCount = 0

    /// Makes a dispatcher over a store that was just opened.
    package init(store: Store, configuration: WatchConfiguration = WatchConfiguration()) {
        self.store = store
        self.configuration = configuration
        notifiedRevision = store.revisions.current
    }

    /// Numbers of streams, watchers and unsynced watchers.
    package var counts: (streams: Int, watchers: Int, unsynced: Int) {
        withLock { dispatcher in
            (dispatcher.streams.count, dispatcher.watcherCount, dispatcher.unsynced.count)
        }
    }

    func withLock<Result, Failure: Error>(
        _ body: (WatchDispatcher) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lockForWriting()
        defer { lock.unlock() }
        return try body(self)
    }

    /// Opens a stream that delivers to `receiver`.
    package func openStream(_ receiver: any WatchReceiver) -> WatchStream {
        let stream = WatchStream(receiver: receiver)
        withLock { dispatcher in
            stream.listIndex = dispatcher.streams.count
            dispatcher.streams.append(stream)
        }
        return stream
    }

    /// Closes a stream and all its watchers; nothing is delivered to it afterwards.
    package func close(_ stream: WatchStream) {
        withLock { dispatcher in
            guard !stream.isClosed else { return }
            stream.isClosed = true
            for id in stream.watchers.keys.sorted() {
                if let watcher = stream.watchers[id] { dispatcher.remove(watcher) }
            }
            dispatcher.streams.swapAt(stream.listIndex, dispatcher.streams.count - 1)
            dispatcher.streams[stream.listIndex].listIndex = stream.listIndex
            dispatcher.streams.removeLast()
        }
    }

    /// Adds a watcher. With `id` nil it gets the next free one, counted as in etcd. Returns its id
    /// and the revision for the response header; nil if the id is in use or the stream is closed.
    ///
    /// Deliveries may begin before this returns, so a receiver must queue them after the response.
    /// A start below the compacted revision is accepted and then ends with `.compacted`. The caller
    /// has rejected empty ranges and negative starts.
    package func register(
        _ configuration: WatcherConfiguration, id: Int64?, on stream: WatchStream
    ) -> (id: Int64, revision: Revision)? {
        withLock { dispatcher in
            guard !stream.isClosed else { return nil }
            if let id, stream.watchers[id] != nil { return nil }
            let current = dispatcher.store.revisions.current
            let requested = configuration.startRevision
            let watcher = Watcher(
                id: id ?? stream.takeID(), configuration: configuration, stream: stream,
                nextRevision: requested == 0 ? current.next : requested)
            stream.watchers[watcher.id] = watcher
            dispatcher.watcherCount += 1
            dispatcher.attach(watcher)
            return (watcher.id, current)
        }
    }

    /// Removes a watcher; false if the stream has none of this id. Deliveries that the receiver has
    /// accepted before stay in its queue.
    package func cancel(_ id: Int64, on stream: WatchStream) -> Bool {
        withLock { dispatcher in
            guard let watcher = stream.watchers[id] else { return false }
            dispatcher.remove(watcher)
            return true
        }
    }

    /// Switches to another store, after a snapshot replaced the state. Watchers read missed changes
    /// from its history. Apply thread; not during `syncWatchers`.
    package func replaceStore(_ store: Store) {
        withLock { dispatcher in
            dispatcher.store = store
            let notified = dispatcher.notifiedRevision
            dispatcher.notifiedRevision = store.revisions.current
            for stream in dispatcher.streams {
                for id in stream.watchers.keys.sorted() {
                    guard let watcher = stream.watchers[id], watcher.state == .synced else {
                        continue
                    }
                    watcher.nextRevision = max(watcher.nextRevision, notified.next)
                    dispatcher.detach(watcher)
                    dispatcher.attach(watcher)
                }
            }
        }
    }

    /// Adds a watcher to the synced or the unsynced ones, depending on its next revision.
    func attach(_ watcher: Watcher) {
        if watcher.nextRevision > notifiedRevision {
            watcher.state = .synced
            index.insert(watcher)
        } else {
            watcher.state = .unsynced
            watcher.listIndex = unsynced.count
            watcher.lastServedPass = syncPasses
            unsynced.append(watcher)
            watcher.stream.unsyncedCount += 1
        }
    }

    /// Removes a watcher from the index or the list that it is in.
    func detach(_ watcher: Watcher) {
        switch watcher.state {
        case .synced: index.remove(watcher)
        case .unsynced:
            let position = watcher.listIndex
            unsynced.swapAt(position, unsynced.count - 1)
            unsynced[position].listIndex = position
            unsynced.removeLast()
            watcher.stream.unsyncedCount -= 1
        case .detached: break
        }
        watcher.state = .detached
    }

    func remove(_ watcher: Watcher) {
        detach(watcher)
        watcher.stream.watchers[watcher.id] = nil
        watcherCount -= 1
    }
}
