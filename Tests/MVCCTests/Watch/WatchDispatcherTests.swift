import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

@Suite struct WatchDispatcherTests {
    private func isProgress(_ delivery: WatchDelivery, at revision: Revision) -> Bool {
        guard case .progress = delivery.content else { return false }
        return delivery.watcherID == -1 && delivery.revision == revision
    }

    @Test func automaticIDsSkipThoseInUse() throws {
        let dispatcher = WatchDispatcher(store: try StoreFixture().store)
        let stream = dispatcher.openStream(RecordingReceiver())
        let configuration = WatcherConfiguration(key: [1])
        #expect(dispatcher.register(configuration, id: 1, on: stream)?.id == 1)
        #expect(dispatcher.register(configuration, id: nil, on: stream)?.id == 0)
        #expect(dispatcher.register(configuration, id: nil, on: stream)?.id == 2)
        #expect(dispatcher.register(configuration, id: 1, on: stream) == nil)
        #expect(dispatcher.cancel(1, on: stream))
        #expect(!dispatcher.cancel(1, on: stream))
    }

    @Test func startBelowCompactionIsReportedAndKeepsItsID() throws {
        let fixture = try StoreFixture()
        for number in 0..<5 { fixture.put("k", "\(number)") }
        try fixture.store.scheduleCompaction(at: 4)
        let dispatcher = WatchDispatcher(store: fixture.store)
        let receiver = RecordingReceiver()
        let stream = dispatcher.openStream(receiver)
        let past = WatcherConfiguration(key: Array("k".utf8), startRevision: 3)
        let (id, _) = try #require(dispatcher.register(past, id: nil, on: stream))
        _ = try dispatcher.syncWatchers()
        let delivery = try #require(receiver.deliveries.first)
        guard case .compacted(revision: 4) = delivery.content else {
            Issue.record("the watcher gets a compacted notification")
            return
        }
        #expect(delivery.revision == 0)
        // As in etcd its id stays in use until the client cancels it, once.
        #expect(dispatcher.register(past, id: id, on: stream) == nil)
        #expect(dispatcher.cancel(id, on: stream))
        #expect(!dispatcher.cancel(id, on: stream))
    }

    @Test func watchersOfAStreamWithTheSameContentShareADelivery() throws {
        let fixture = try StoreFixture()
        let dispatcher = WatchDispatcher(store: fixture.store)
        let receiver = GroupingReceiver()
        let stream = dispatcher.openStream(receiver)
        let other = GroupingReceiver()
        let otherStream = dispatcher.openStream(other)
        let key = Array("k".utf8)
        let plain = WatcherConfiguration(key: key)
        let ids = (0..<4).compactMap { _ in dispatcher.register(plain, id: nil, on: stream)?.id }
        let previous = WatcherConfiguration(key: key, wantsPrevious: true)
        let different = try #require(dispatcher.register(previous, id: nil, on: stream)).id
        let prefix = WatcherConfiguration(key: key, end: Array("l".utf8))
        let range = try #require(dispatcher.register(prefix, id: nil, on: stream)).id
        _ = dispatcher.register(plain, id: nil, on: otherStream)
        try dispatcher.notify([try #require(fixture.put("k", "1"))])
        #expect(receiver.groups.map { $0.sorted() } == [ids, [different], [range]])
        #expect(other.groups == [[0]])

        // If the receiver is full, all of them become unsynced and get the change again from
        // history.
        receiver.groups = []
        receiver.isFull = true
        try dispatcher.notify([try #require(fixture.put("k", "2"))])
        #expect(dispatcher.counts.unsynced == 6)
        receiver.isFull = false
        while try dispatcher.syncWatchers() {}
        #expect(receiver.groups.flatMap { $0 }.sorted() == ids + [different, range])
        #expect(dispatcher.counts.unsynced == 0)
    }

    @Test func progressWaitsForUnsyncedWatchers() throws {
        let fixture = try StoreFixture()
        fixture.put("k", "1")
        let dispatcher = WatchDispatcher(store: fixture.store)
        let receiver = RecordingReceiver()
        let stream = dispatcher.openStream(receiver)
        dispatcher.requestProgress(on: stream)
        #expect(receiver.deliveries.isEmpty)
        let past = WatcherConfiguration(key: Array("k".utf8), startRevision: 1)
        _ = dispatcher.register(past, id: nil, on: stream)
        dispatcher.requestProgress(on: stream)
        #expect(receiver.deliveries.isEmpty)
        _ = try dispatcher.syncWatchers()
        #expect(receiver.deliveries.count == 2)
        #expect(isProgress(receiver.deliveries[1], at: 2))
    }

    @Test func progressDoesNotCoverUnnotifiedRevisions() throws {
        let fixture = try StoreFixture()
        let dispatcher = WatchDispatcher(store: fixture.store)
        let receiver = RecordingReceiver()
        let stream = dispatcher.openStream(receiver)
        _ = dispatcher.register(WatcherConfiguration(key: Array("k".utf8)), id: nil, on: stream)
        let committed = try #require(fixture.put("k", "1"))
        dispatcher.requestProgress(on: stream)
        try dispatcher.notify([committed])
        #expect(isProgress(receiver.deliveries[0], at: 1))
        #expect(receiver.deliveries[1].revision == 2)
    }
}

/// Records which watchers shared a delivery.
private final class GroupingReceiver: WatchReceiver, @unchecked Sendable {
    // `@unchecked Sendable`: the tests use one thread.
    var isFull = false
    var groups: [[Int64]] = []

    var hasCapacity: Bool { !isFull }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        if isFull { return false }
        groups += deliveries.map { delivery in
            (0..<delivery.watcherCount).map { delivery.watcherID(at: $0) }
        }
        return true
    }
}
