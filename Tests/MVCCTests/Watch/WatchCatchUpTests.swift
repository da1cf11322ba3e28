import EtcdAPI
import Testing

@testable import MVCC

/// Who is brought on by a round of catching up. A page holds four transactions here.
@Suite struct WatchCatchUpTests {
    private static let revisionsPerPage = 4
    private let fixture: StoreFixture
    private let hub: WatchHub

    init() throws {
        fixture = try StoreFixture()
        hub = WatchHub(
            store: fixture.store,
            configuration: WatchConfiguration(
                watchersPerRound: 16, revisionsPerPage: Self.revisionsPerPage))
    }

    /// Puts revisions 2 to `count` + 1, which the hub is told of.
    private func fill(_ count: Int) throws {
        for number in 0..<count {
            if let committed = try fixture.put("k", "\(number)") { try hub.notify([committed]) }
        }
    }

    private func watch(from revision: Int64) throws -> RecordingSink {
        let sink = RecordingSink()
        try watch(from: revision, on: hub.openStream(sink))
        return sink
    }

    private func watch(from revision: Int64, on stream: WatchStream) throws {
        let configuration = WatcherConfiguration(key: Array("k".utf8), startRevision: revision)
        _ = try #require(hub.register(configuration, id: nil, on: stream))
    }

    private func revisions(_ sink: RecordingSink) -> [Int64] {
        sink.deliveries.flatMap { delivery -> [Int64] in
            guard case .changes(let changes) = delivery.content else { return [] }
            return changes.map(\.revision.main)
        }
    }

    @Test func aWatcherWithLittleToReadDoesNotWaitForOneWithMuch() throws {
        try fill(400)
        let far = try watch(from: 2)
        let near = try watch(from: 399)
        _ = try hub.catchUpStep()
        #expect(revisions(near) == [399, 400, 401])
        #expect(revisions(far) == [2, 3, 4, 5])
        #expect(hub.counts.behind == 1)
    }

    @Test func nobodyStarvesWhileOthersKeepArrivingOnBothSides() throws {
        try fill(400)
        let watchers = try [2, 100, 200, 300].map { try watch(from: $0) }
        for _ in 0..<300 {
            let newcomers = [hub.openStream(RecordingSink()), hub.openStream(RecordingSink())]
            try watch(from: 2, on: newcomers[0])
            try watch(from: 398, on: newcomers[1])
            _ = try hub.catchUpStep()
            for stream in newcomers { hub.close(stream) }
        }
        for (sink, start) in zip(watchers, [2, 100, 200, 300] as [Int64]) {
            #expect(revisions(sink) == Array(start...401))
        }
    }

    @Test func thoseOnTheWayAreServedByOneScan() throws {
        try fill(400)
        let sinks = try (1...16).map { try watch(from: Int64($0) * 24) }
        var rounds = 0
        while try hub.catchUpStep() { rounds += 1 }
        #expect(rounds <= 400 / Self.revisionsPerPage)
        for (place, sink) in sinks.enumerated() {
            #expect(revisions(sink) == Array(Int64(place + 1) * 24...401))
        }
    }

    @Test func aWatcherWhoseClientDoesNotReadHoldsNobodyUp() throws {
        try fill(40)
        let blocked = try watch(from: 2)
        blocked.isFull = true
        let other = try watch(from: 20)
        while try hub.catchUpStep() {}
        #expect(revisions(other) == Array(20...41))
        #expect(revisions(blocked).isEmpty)
        blocked.isFull = false
        while try hub.catchUpStep() {}
        #expect(revisions(blocked) == Array(2...41))
    }

    @Test func allThatCompactionHasOvertakenAreToldInOneRound() throws {
        try fill(400)
        let sinks = try [2, 100, 300].map { try watch(from: $0) }
        try fixture.store.scheduleCompaction(at: 390)
        let sound = try watch(from: 390)
        _ = try hub.catchUpStep()
        for sink in sinks {
            guard case .compacted(revision: 390)? = sink.deliveries.first?.content else {
                Issue.record("the watcher is told that it was compacted")
                continue
            }
            #expect(sink.deliveries.count == 1)
        }
        while try hub.catchUpStep() {}
        #expect(revisions(sound) == Array(390...401))
    }

    /// As from etcd: the transactions come in one response, which the service may cut.
    @Test func aFewLargeTransactionsComeTogether() throws {
        let value = String(repeating: "v", count: 1_200_000)
        for _ in 0..<5 { fixture.put("k", value) }
        let hub = WatchHub(store: fixture.store)
        let sink = RecordingSink()
        let configuration = WatcherConfiguration(key: Array("k".utf8), startRevision: 2)
        _ = hub.register(configuration, id: nil, on: hub.openStream(sink))
        while try hub.catchUpStep() {}
        #expect(revisions(sink) == [2, 3, 4, 5, 6])
        #expect(sink.deliveries.count == 2, "a response holds 4 MiB and the rest of a transaction")
    }

    @Test func aStreamIsClosedOnce() throws {
        let streams = (0..<4).map { _ in hub.openStream(RecordingSink()) }
        for place in [1, 0, 1, 3] { hub.close(streams[place]) }
        #expect(hub.counts.streams == 1)
        hub.close(streams[2])
        #expect(hub.counts.streams == 0)
    }
}
