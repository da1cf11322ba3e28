package import MonotonicClock

/// Leases by earliest possible expiry: a binary heap with lazy removal.
///
/// An entry may be outdated (its lease was renewed or revoked), so the code that pops it compares
/// it with the lease. A keepalive therefore does not touch the queue.
struct ExpiryQueue: Sendable {
    struct Entry: Sendable {
        let time: MonotonicTime
        let id: LeaseID

        /// Equal times are ordered by id, so that the order does not depend on the heap's history.
        static func < (left: Entry, right: Entry) -> Bool {
            left.time == right.time ? left.id < right.id : left.time < right.time
        }
    }

    private var heap: [Entry] = []

    init() {}

    /// Makes a queue of many entries, fastest if they are nearly in order.
    init(_ entries: [Entry]) {
        heap = entries
        heap.sort { $0 < $1 }
    }

    var first: Entry? { heap.first }

    var count: Int { heap.count }

    mutating func removeAll() { heap.removeAll(keepingCapacity: false) }

    mutating func insert(_ id: LeaseID, at time: MonotonicTime) {
        heap.append(Entry(time: time, id: id))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if heap[child] < heap[least] { least = child }
            }
            guard least != parent else { return }
            heap.swapAt(least, parent)
            parent = least
        }
    }
}
