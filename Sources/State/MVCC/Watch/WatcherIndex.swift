/// Watchers of the same keys; each stores its position, so that removal is a swap.
struct WatcherList {
    private var watchers: [Watcher]

    init(_ watcher: Watcher) {
        watcher.listIndex = 0
        watchers = [watcher]
    }

    var isEmpty: Bool { watchers.isEmpty }

    mutating func append(_ watcher: Watcher) {
        watcher.listIndex = watchers.count
        watchers.append(watcher)
    }

    mutating func remove(_ watcher: Watcher) {
        let position = watcher.listIndex
        precondition(watchers[position] === watcher, "a watcher stores its position")
        watchers.swapAt(position, watchers.count - 1)
        watchers[position].listIndex = position
        watchers.removeLast()
    }

    func forEach<Failure: Error>(
        _ body: (Watcher) throws(Failure) -> Void
    ) throws(Failure) {
        for watcher in watchers { try body(watcher) }
    }
}

/// The synced watchers, found by a changed key: watchers of single keys by hash, watchers of ranges
/// through an interval tree.
struct WatcherIndex {
    private var singles: [[UInt8]: WatcherList] = [:]
    private var ranges = IntervalTree()

    var isEmpty: Bool { singles.isEmpty && ranges.isEmpty }

    mutating func insert(_ watcher: Watcher) {
        guard watcher.configuration.end.isEmpty else { return ranges.insert(watcher) }
        let key = watcher.configuration.key
        if singles[key] == nil {
            singles[key] = WatcherList(watcher)
        } else {
            singles[key]?.append(watcher)
        }
    }

    mutating func remove(_ watcher: Watcher) {
        guard watcher.configuration.end.isEmpty else { return ranges.remove(watcher) }
        let key = watcher.configuration.key
        singles[key]?.remove(watcher)
        if singles[key]?.isEmpty == true { singles[key] = nil }
    }

    /// Visits the watchers of a key.
    func forEach<Failure: Error>(
        watching key: UnsafeRawBufferPointer, _ body: (Watcher) throws(Failure) -> Void
    ) throws(Failure) {
        if !singles.isEmpty { try singles[Array(key)]?.forEach(body) }
        try ranges.forEach(containing: key, body)
    }
}
