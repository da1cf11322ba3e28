/// What watchers must have in common to share a watch.
struct WatchKey: Hashable {
    /// Whose permission it needs.
    let token: String?
    let keys: KeyInterval
    let prevKV: Bool
    /// Kinds of events that are not reported.
    let filters: [Int32]
}

/// A watcher of a client.
final class ProxyWatcher {
    let id: Int64
    let key: WatchKey
    let wantsProgress: Bool
    unowned let stream: WatchStreamHandler
    /// The first revision whose events it has not received.
    var next: Int64
    /// The watch that it shares; nil while its client does not read.
    var shared: SharedWatch?
    /// The header that was sent last, as a field.
    var header: ArraySlice<UInt8>

    init(
        id: Int64, key: WatchKey, wantsProgress: Bool, next: Int64, header: ArraySlice<UInt8>,
        stream: WatchStreamHandler
    ) {
        self.id = id
        self.key = key
        self.wantsProgress = wantsProgress
        self.next = next
        self.header = header
        self.stream = stream
    }
}
