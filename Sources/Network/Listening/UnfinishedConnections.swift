package import NIOCore
internal import Synchronization

/// The accepted connections whose first request has not begun yet, oldest first.
///
/// Their number is bounded: when one too many arrives, the oldest is closed. A flood of connections
/// that never finish their handshake thus uses a bounded amount of memory and keeps nobody else
/// out, since an honest client needs milliseconds.
package final class UnfinishedConnections: Sendable {
    /// One connection of the list.
    final class Entry: @unchecked Sendable {  // guarded by the list's lock
        let channel: any Channel
        unowned(unsafe) var previous: Entry?
        var next: Entry?
        var isListed = true

        init(_ channel: any Channel) { self.channel = channel }
    }

    private struct List {
        var oldest: Entry?
        unowned(unsafe) var newest: Entry?
        var count = 0
    }

    package let countMax: Int
    private let list = Mutex(List())

    package init(countMax: Int = 1024) {
        self.countMax = max(countMax, 1)
    }

    package var count: Int { list.withLock { $0.count } }

    /// Adds a connection; closes the oldest one if there are too many.
    func add(_ channel: any Channel) -> Entry {
        let entry = Entry(channel)
        let surplus = list.withLock { list in
            entry.previous = list.newest
            list.newest?.next = entry
            list.newest = entry
            if list.oldest == nil { list.oldest = entry }
            list.count += 1
            guard list.count > countMax, let oldest = list.oldest else { return nil as Entry? }
            Self.unlink(oldest, from: &list)
            return oldest
        }
        surplus?.channel.close(promise: nil)
        return entry
    }

    /// Removes a connection that has finished or ended.
    func remove(_ entry: Entry) {
        list.withLock { list in Self.unlink(entry, from: &list) }
    }

    private static func unlink(_ entry: Entry, from list: inout List) {
        guard entry.isListed else { return }
        entry.isListed = false
        let next = entry.next
        next?.previous = entry.previous
        if let previous = entry.previous { previous.next = next } else { list.oldest = next }
        if list.newest === entry { list.newest = entry.previous }
        entry.next = nil
        entry.previous = nil
        list.count -= 1
    }
}
