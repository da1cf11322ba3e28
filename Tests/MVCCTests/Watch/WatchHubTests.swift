import EtcdAPI
import Testing

@testable import MVCC

@Suite struct WatchHubTests {
    private func isProgress(_ delivery: WatchDelivery, at revision: Int64) -> Bool {
        guard case .progress = delivery.content else { return false }
        return delivery.watcherID == -1 && delivery.revision == revision
    }

    @Test func automaticIDsSkipThoseInUse() throws {
        let hub = WatchHub(store: try StoreFixture().store)
        let stream = hub.openStream(RecordingSink())
        let configuration = WatcherConfiguration(key: [1])
        #expect(hub.register(configuration, id: 1, on: stream)?.id == 1)
        #expect(hub.register(configuration, id: nil, on: stream)?.id == 0)
        #expect(hub.register(configuration, id: nil, on: stream)?.id == 2)
        #expect(hub.register(configuration, id: 1, on: stream) == nil)
        #expect(hub.cancel(1, on: stream))
        #expect(!hub.cancel(1, on: stream))
    }

    @Test func startBelowCompactionIsToldAndKeepsItsID() throws {
        let fixture = try StoreFixture()
        for place in 0..<5 { fixture.put("k", "\(place)") }
        try fixture.store.scheduleCompaction(at: 4)
        let hub = WatchHub(store: fixture.store)
        let sink = RecordingSink()
        let stream = hub.openStream(sink)
        let past = WatcherConfiguration(key: Array("k".utf8), startRevision: 3)
        let (id, _) = try #require(hub.register(past, id: nil, on: stream))
        _ = try hub.catchUpStep()
        let delivery = try #require(sink.deliveries.first)
        guard case .compacted(revision: 4) = delivery.content else {
            Issue.record("the watcher is told that it was compacted")
            return
        }
        #expect(delivery.revision == 0)
        // As in etcd its id stays taken until the client cancels it, once.
        #expect(hub.register(past, id: id, on: stream) == nil)
        #expect(hub.cancel(id, on: stream))
        #expect(!hub.cancel(id, on: stream))
    }

    @Test func watchersOfAStreamThatAreToldTheSameShareADelivery() throws {
        let fixture = try StoreFixture()
        let hub = WatchHub(store: fixture.store)
        let sink = GroupSink()
        let stream = hub.openStream(sink)
        let other = GroupSink()
        let otherStream = hub.openStream(other)
        let key = Array("k".utf8)
        let plain = WatcherConfiguration(key: key)
        let ids = (0..<4).compactMap { _ in hub.register(plain, id: nil, on: stream)?.id }
        let previous = WatcherConfiguration(key: key, wantsPrevious: true)
        let different = try #require(hub.register(previous, id: nil, on: stream)).id
        let prefix = WatcherConfiguration(key: key, end: Array("l".utf8))
        let range = try #require(hub.register(prefix, id: nil, on: stream)).id
        _ = hub.register(plain, id: nil, on: otherStream)
        try hub.notify([try #require(fixture.put("k", "1"))])
        #expect(sink.groups.map { $0.sorted() } == [ids, [different], [range]])
        #expect(other.groups == [[0]])

        // A full sink sends all of them back to history, and each of them comes again.
        sink.groups = []
        sink.isFull = true
        try hub.notify([try #require(fixture.put("k", "2"))])
        #expect(hub.counts.behind == 6)
        sink.isFull = false
        while try hub.catchUpStep() {}
        #expect(sink.groups.flatMap { $0 }.sorted() == ids + [different, range])
        #expect(hub.counts.behind == 0)
    }

    @Test func progressWaitsForWatchersThatAreBehind() throws {
        let fixture = try StoreFixture()
        fixture.put("k", "1")
        let hub = WatchHub(store: fixture.store)
        let sink = RecordingSink()
        let stream = hub.openStream(sink)
        hub.requestProgress(on: stream)
        #expect(sink.deliveries.isEmpty)
        let past = WatcherConfiguration(key: Array("k".utf8), startRevision: 1)
        _ = hub.register(past, id: nil, on: stream)
        hub.requestProgress(on: stream)
        #expect(sink.deliveries.isEmpty)
        _ = try hub.catchUpStep()
        #expect(sink.deliveries.count == 2)
        #expect(isProgress(sink.deliveries[1], at: 2))
    }

    @Test func progressDoesNotCoverWhatIsNotNotified() throws {
        let fixture = try StoreFixture()
        let hub = WatchHub(store: fixture.store)
        let sink = RecordingSink()
        let stream = hub.openStream(sink)
        _ = hub.register(WatcherConfiguration(key: Array("k".utf8)), id: nil, on: stream)
        let committed = try #require(fixture.put("k", "1"))
        hub.requestProgress(on: stream)
        try hub.notify([committed])
        #expect(isProgress(sink.deliveries[0], at: 1))
        #expect(sink.deliveries[1].revision == 2)
    }
}

/// Keeps which watchers were told together.
private final class GroupSink: WatchSink, @unchecked Sendable {
    // `@unchecked Sendable`: the tests use one thread.
    var isFull = false
    var groups: [[Int64]] = []

    var hasRoom: Bool { !isFull }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        if isFull { return false }
        groups += deliveries.map { delivery in
            (0..<delivery.watcherCount).map { delivery.watcherID(at: $0) }
        }
        return true
    }
}
