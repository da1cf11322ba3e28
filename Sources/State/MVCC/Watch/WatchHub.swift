/// Tells watchers what changes.
///
/// Guarantees, for each watcher: it gets every change of its keys from its start revision on that
/// its filters admit, once, in revision order, the changes of a transaction together; a progress
/// is never told before the changes it covers; if compaction takes away changes it has not seen,
/// it is told so and ends.
///
/// How: watchers that are up to date are found through an index when a transaction is notified.
/// Whoever starts in the past, or whose sink is full, is behind: a cursor for which `catchUpStep`
/// reads history in bounded pages, and which becomes up to date again under the lock, when its
/// cursor has passed what was notified. Nobody waits for the history of others (`CatchUpRound`).
///
/// Threads: `notify` from the apply thread, after the store's write lock is released;
/// `catchUpStep` from one thread at a time; everything else from any thread. One lock guards the
/// hub; the order is hub lock, then the store's read lock.
package final class WatchHub: @unchecked Sendable {
    // `@unchecked Sendable`: everything mutable is guarded by `lock`.
    let lock = StoreLock()
    let configuration: WatchConfiguration
    var store: Store
    var index = WatcherIndex()
    var behind: [Watcher] = []
    /// Where the next round of catching up begins in `behind`.
    var nextBehind = 0
    /// Rounds of catching up so far.
    var catchUpRounds: UInt64 = 0
    /// Every change up to this revision was given to the watchers that are up to date.
    var notifiedRevision: Int64
    var streams: [WatchStream] = []
    var watcherCount = 0

    /// A hub over a store that was just opened.
    package init(store: Store, configuration: WatchConfiguration = WatchConfiguration()) {
        self.store = store
        self.configuration = configuration
        notifiedRevision = store.revisions.current
    }

    /// Streams, watchers, and how many of those are behind.
    package var counts: (streams: Int, watchers: Int, behind: Int) {
        withLock { hub in (hub.streams.count, hub.watcherCount, hub.behind.count) }
    }

    func withLock<Result, Failure: Error>(
        _ body: (WatchHub) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lockForWriting()
        defer { lock.unlock() }
        return try body(self)
    }

    /// Opens a stream that delivers to `sink`.
    package func openStream(_ sink: any WatchSink) -> WatchStream {
        let stream = WatchStream(sink: sink)
        withLock { hub in
            stream.place = hub.streams.count
            hub.streams.append(stream)
        }
        return stream
    }

    /// Ends a stream and all its watchers; nothing is delivered to it afterwards.
    package func close(_ stream: WatchStream) {
        withLock { hub in
            guard !stream.isClosed else { return }
            stream.isClosed = true
            for id in stream.watchers.keys.sorted() {
                if let watcher = stream.watchers[id] { hub.remove(watcher) }
            }
            hub.streams.swapAt(stream.place, hub.streams.count - 1)
            hub.streams[stream.place].place = stream.place
            hub.streams.removeLast()
        }
    }

    /// Adds a watcher. `id` nil takes the next free one, as etcd counts. Returns its id and the
    /// revision for the header of the answer; nil if the id is taken (or the stream closed).
    ///
    /// Deliveries may begin before this returns, so a sink must keep them behind the answer. A
    /// start below the compacted revision is accepted and then told `.compacted`. The caller has
    /// refused empty ranges and negative starts.
    package func register(
        _ configuration: WatcherConfiguration, id: Int64?, on stream: WatchStream
    ) -> (id: Int64, revision: Int64)? {
        withLock { hub in
            guard !stream.isClosed else { return nil }
            if let id, stream.watchers[id] != nil { return nil }
            let current = hub.store.revisions.current
            let requested = configuration.startRevision
            let watcher = Watcher(
                id: id ?? stream.takeID(), configuration: configuration, stream: stream,
                nextRevision: requested == 0 ? current + 1 : requested)
            stream.watchers[watcher.id] = watcher
            hub.watcherCount += 1
            hub.place(watcher)
            return (watcher.id, current)
        }
    }

    /// Removes a watcher; false if the stream has none of this id. Deliveries that the sink has
    /// taken before are still in its queue.
    package func cancel(_ id: Int64, on stream: WatchStream) -> Bool {
        withLock { hub in
            guard let watcher = stream.watchers[id] else { return false }
            hub.remove(watcher)
            return true
        }
    }

    /// Goes on with another store, after a snapshot replaced the state. Watchers read what they
    /// missed from its history. Apply thread; not during `catchUpStep`.
    package func replaceStore(_ store: Store) {
        withLock { hub in
            hub.store = store
            let notified = hub.notifiedRevision
            hub.notifiedRevision = store.revisions.current
            for stream in hub.streams {
                for id in stream.watchers.keys.sorted() {
                    guard let watcher = stream.watchers[id], watcher.state == .upToDate else {
                        continue
                    }
                    watcher.nextRevision = max(watcher.nextRevision, notified + 1)
                    hub.displace(watcher)
                    hub.place(watcher)
                }
            }
        }
    }

    /// Puts a watcher where its next revision says: with those up to date or those behind.
    func place(_ watcher: Watcher) {
        if watcher.nextRevision > notifiedRevision {
            watcher.state = .upToDate
            index.insert(watcher)
        } else {
            watcher.state = .behind
            watcher.place = behind.count
            watcher.waitingSince = catchUpRounds
            behind.append(watcher)
            watcher.stream.behindCount += 1
        }
    }

    /// Takes a watcher out of where it is.
    func displace(_ watcher: Watcher) {
        switch watcher.state {
        case .upToDate: index.remove(watcher)
        case .behind:
            let place = watcher.place
            behind.swapAt(place, behind.count - 1)
            behind[place].place = place
            behind.removeLast()
            watcher.stream.behindCount -= 1
        case .gone: break
        }
        watcher.state = .gone
    }

    func remove(_ watcher: Watcher) {
        displace(watcher)
        watcher.stream.watchers[watcher.id] = nil
        watcherCount -= 1
    }
}
