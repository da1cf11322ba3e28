import Bolt
import Disk
import Synchronization
import Testing

@testable import ClientAPI
@testable import MVCC

@Suite("The queue of a watch stream")
struct WatchQueueTests {
    @Test func isBoundedByCount() {
        let queue = WatchQueue()
        for number in 0..<WatchQueue.responsesMax {
            #expect(queue.hasRoom)
            #expect(queue.deliver([progress(Int64(number))]))
        }
        #expect(!queue.hasRoom)
        #expect(!queue.deliver([progress(9999)]))
        #expect(!queue.becameRoomy(isWritable: true), "nothing was taken out yet")
        let taken = queue.take()
        #expect(taken.map(\.revision) == (0..<Int64(WatchQueue.responsesMax)).map { $0 })
        #expect(queue.take().isEmpty && queue.hasRoom)
        #expect(!queue.becameRoomy(isWritable: false), "the client does not read")
        #expect(queue.becameRoomy(isWritable: true))
        #expect(!queue.becameRoomy(isWritable: true), "told once")
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
        #expect(!queue.hasRoom)
        #expect(queue.take().count == 4)
        #expect(queue.becameRoomy(isWritable: true) && queue.hasRoom)
    }

    @Test func takesDeliveriesTogetherOrNotAtAll() {
        let queue = WatchQueue()
        let many = (0..<Int64(2_000)).map(progress)
        #expect(queue.deliver(many), "a group is not split, even over the limit")
        #expect(!queue.deliver(many))
        #expect(queue.take().count == 2_000)
    }

    @Test func wakesOnceUntilItIsEmptied() {
        let queue = WatchQueue()
        let box = Counter()
        queue.wakes { box.count.add(1, ordering: .relaxed) }
        for number in 0..<5 { _ = queue.deliver([progress(Int64(number))]) }
        #expect(box.count.load(ordering: .relaxed) == 1)
        _ = queue.take()
        _ = queue.deliver([progress(6)])
        #expect(box.count.load(ordering: .relaxed) == 2)
        // A client that does not read: the wake-up is spent, the next delivery wakes again.
        _ = queue.becameRoomy(isWritable: false)
        _ = queue.deliver([progress(7)])
        #expect(box.count.load(ordering: .relaxed) == 3)
    }

    @Test func swallowsEverythingOnceClosed() {
        let queue = WatchQueue()
        let box = Counter()
        queue.wakes { box.count.add(1, ordering: .relaxed) }
        _ = queue.deliver([progress(1)])
        queue.close()
        #expect(queue.deliver([progress(2)]), "nobody has to keep what nobody will read")
        #expect(!queue.hasRoom && queue.take().isEmpty)
        #expect(!queue.becameRoomy(isWritable: true))
        #expect(box.count.load(ordering: .relaxed) == 1)
    }

    private func progress(_ revision: Int64) -> WatchDelivery {
        WatchDelivery(
            watcherID: 1, revision: revision, wantsPrevious: false, allowsFragments: false,
            content: .progress)
    }

    /// One change as the hub makes it.
    private func recorded(valueBytes: Int) throws -> [WatchedChange] {
        let bolt = try Bolt.open(
            disk: MemoryDisk(), path: "db",
            options: BoltOptions(initialMapBytes: 64 << 20, growthStepBytes: 0))
        defer { bolt.close() }
        let store = try Store(
            bolt: bolt, configuration: StoreConfiguration(indexReservedBytes: 64 << 20))
        let hub = WatchHub(store: store)
        let queue = WatchQueue()
        let stream = hub.openStream(queue)
        _ = hub.register(WatcherConfiguration(key: [1]), id: nil, on: stream)
        let transaction = store.beginWrite()
        transaction.put([1], value: Array(repeating: 0, count: valueBytes)[...], lease: 0)
        try hub.notify([try #require(transaction.end())])
        guard case .changes(let changes)? = queue.take().first?.content else { return [] }
        return changes
    }

    private final class Counter: Sendable {
        let count = Atomic(0)
    }
}
