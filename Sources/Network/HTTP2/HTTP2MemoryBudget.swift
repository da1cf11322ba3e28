internal import Synchronization

/// Memory that the peers of a server occupy, over all its connections and event loops.
///
/// An event loop counts its connections exactly and publishes its sum here in steps, so that the
/// shared counter is rarely written. The sum is therefore inexact by `stepBytes` for each loop.
package final class HTTP2MemoryBudget: Sendable {
    /// Bytes that an event loop counts before it publishes them.
    static let stepBytes = 1 << 20

    /// The limit of the sum; `Int.max` for none.
    package let bytesMax: Int
    private let published = Atomic<Int>(0)

    package init(bytesMax: Int = .max) {
        precondition(bytesMax > 0, "a budget has bytes")
        self.bytesMax = bytesMax
    }

    /// The published bytes of all event loops.
    package var usedBytes: Int { published.load(ordering: .relaxed) }

    func add(_ bytes: Int) {
        published.wrappingAdd(bytes, ordering: .relaxed)
    }
}

/// The share of one event loop in a budget.
struct LoopMemory {
    let budget: HTTP2MemoryBudget
    /// The bytes of all connections of the loop.
    private(set) var usedBytes = 0
    private var publishedBytes = 0

    init(budget: HTTP2MemoryBudget) {
        self.budget = budget
    }

    mutating func add(_ bytes: Int) {
        usedBytes += bytes
        let change = usedBytes - publishedBytes
        guard abs(change) >= HTTP2MemoryBudget.stepBytes else { return }
        budget.add(change)
        publishedBytes = usedBytes
    }

    /// Bytes left in the budget, at least 0.
    var freeBytes: Int {
        max(budget.bytesMax - budget.usedBytes - (usedBytes - publishedBytes), 0)
    }
}
