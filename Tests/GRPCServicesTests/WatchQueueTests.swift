import Bolt
import Disk
import Identifiers
import Synchronization
import Testing

@testable import GRPCServices
@testable import MVCC

@Suite("The queue of a watch stream")
struct WatchQueueTests {
    @Test func isBoundedByCount() {
        let queue = WatchQueue()
        for number in 0..<WatchQueue.responsesMax {
            #expect(queue.hasCapacity)
            #expect(queue.deliver([progress(Revision(Int64(number)))]))
        }
        #expect(!queue.hasCapacity)
        #expect(!queue.deliver([progress(9999)]))
        #expect(!queue.becameWritable(isWritable: true), "nothing was taken yet")
        let taken = queue.take()
        #expect(taken.map(\.revision) == (0..<Int64(WatchQueue.responsesMax)).map { Revision($0) })
        #expect(queue.take().isEmpty && queue.hasCapacity)
        #expect(!queue.becameWritable(isWritable: false), "the client does not read")
        #expect(queue.becameWritable(isWritable: true))
        #expect(!queue.becameWritable(isWritable: true), "reported once")
    }

    @Test func isBoundedByBytes() throws {
        let changes = try recorded(valueBytes: 1 << 20)
        let queue = WatchQueue()
        var taken = 0
        while queue.deliver([
            WatchDelivery(
                watcherID: 0, revision: 2, wantsPrevious: false, allowsFragments: false,
                content: .changes(changes))
        ]) { taken += 1 }
        #expect(taken == 4)
        #expect(!queue.hasCapacity)
        #expect(queue.take().count == 4)
        #expect(queue.becameWritable(isWritable: true) && queue.hasCapacity)
    }

    @Test func takesDeliveriesTogetherOrNotAtAll() {
        let queue = WatchQueue()
        let many = (0..<Int64(2_000)).map { progress(Revision($0)) }
        #expect(queue.deliver(many), "a group is not split, even over the limit")
        #expect(!queue.deliver(many))
        #expect(queue.take().count == 2_000)
    }

    @Test func wakesOnceUntilItIsTaken() {
        let queue = WatchQueue()
        let box = Counter()
        queue.setWakeUp { box.count.add(1, ordering: .relaxed) }
        for number in 0..<5 { _ = queue.deliver([progress(Revision(Int64(number)))]) }
        #expect(box.count.load(ordering: .relaxed) == 1)
        _ = queue.take()
        _ = queue.deliver([progress(6)])
        #expect(box.count.load(ordering: .relaxed) == 2)
        // The client does not read: the wake-up is consumed, the next delivery wakes again.
        _ = queue.becameWritable(isWritable: false)
        _ = queue.deliver([progress(7)])
        #expect(box.count.load(ordering: .relaxed) == 3)
    }

    @Test func dropsEverythingOnceClosed() {
        let queue = WatchQueue()
        let box = Counter()
        queue.setWakeUp { box.count.add(1, ordering: .relaxed) }
        _ = queue.deliver([progress(1)])
        queue.close()
        #expect(queue.deliver([progress(2)]), "a closed queue accepts and drops deliveries")
        #expect(!queue.hasCapacity && queue.take().isEmpty)
        #expect(!queue.becameWritable(isWritable: true))
        #expect(box.count.load(ordering: .relaxed) == 1)
    }

    private func progress(_ revision: Revision) -> WatchDelivery {
        WatchDelivery(
            watcherID: 1, revision: revision, wantsPrevious: false, allowsFragments: false,
            content: .progress)
    }

    /// One change as created by the watch dispatcher.
    private func recorded(valueBytes: Int) throws -> [WatchedChange] {
        let bolt = try Bolt.open(
            disk: MemoryDisk(), path: "db",
            configuration: BoltConfiguration(initialMapBytes: 64 << 20, growthStepBytes: 0))
        defer { bolt.close() }
        let store = try Store(
            bolt: bolt, configuration: StoreConfiguration(indexReservedBytes: 64 << 20))
        let dispatcher = WatchDispatcher(store: store)
        let queue = WatchQueue()
        let stream = dispatcher.openStream(queue)
        _ = dispatcher.register(WatcherConfiguration(key: [1]), id: nil, on: stream)
        var transaction = store.beginWrite()
        transaction.put([1], value: Array(repeating: 0, count: valueBytes)[...], lease: 0)
        let committed = transaction.end()
        try dispatcher.notify([try #require(committed)])
        guard case .changes(let changes)? = queue.take().first?.content else { return [] }
        return changes
    }

    private final class Counter: Sendable {
        let count = Atomic(0)
    }
}
