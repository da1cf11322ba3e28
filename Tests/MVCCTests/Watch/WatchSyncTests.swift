import EtcdAPI
import Identifiers
import Testing

@testable import MVCC

/// Which watchers a pass of `syncWatchers` serves. A page holds four transactions here.
@Suite struct WatchSyncTests {
    private static let revisionsPerPage = 4
    private let fixture: StoreFixture
    private let dispatcher: WatchDispatcher

    init() throws {
        fixture = try StoreFixture()
        dispatcher = WatchDispatcher(
            store: fixture.store,
            configuration: WatchConfiguration(
                watchersPerSyncMax: 16, revisionsPerPage: Self.revisionsPerPage))
    }

    /// Puts revisions 2 to `count` + 1 and notifies the dispatcher of them.
    private func fill(_ count: Int) throws {
        for number in 0..<count {
            if let committed = try fixture.put("k", "\(number)") {
                try dispatcher.notify([committed])
            }
        }
    }

    private func watch(from revision: Revision) throws -> RecordingReceiver {
        let receiver = RecordingReceiver()
        try watch(from: revision, on: dispatcher.openStream(receiver))
        return receiver
    }

    private func watch(from revision: Revision, on stream: WatchStream) throws {
        let configuration = WatcherConfiguration(key: Array("k".utf8), startRevision: revision)
        _ = try #require(dispatcher.register(configuration, id: nil, on: stream))
    }

    private func revisions(_ receiver: RecordingReceiver) -> [Int64] {
        receiver.deliveries.flatMap { delivery -> [Int64] in
            guard case .changes(let changes) = delivery.content else { return [] }
            return changes.map(\.revision.main.rawValue)
        }
    }

    @Test func aWatcherWithShortHistoryDoesNotWaitForOneWithLongHistory() throws {
        try fill(400)
        let far = try watch(from: 2)
        let near = try watch(from: 399)
        _ = try dispatcher.syncWatchers()
        #expect(revisions(near) == [399, 400, 401])
        #expect(revisions(far) == [2, 3, 4, 5])
        #expect(dispatcher.counts.unsynced == 1)
    }

    @Test func noWatcherStarvesWhileNewOnesKeepArriving() throws {
        try fill(400)
        let watchers = try [2, 100, 200, 300].map { try watch(from: $0) }
        for _ in 0..<300 {
            let newStreams = (0..<2).map { _ in dispatcher.openStream(RecordingReceiver()) }
            try watch(from: 2, on: newStreams[0])
            try watch(from: 398, on: newStreams[1])
            _ = try dispatcher.syncWatchers()
            for stream in newStreams { dispatcher.close(stream) }
        }
        for (receiver, start) in zip(watchers, [2, 100, 200, 300] as [Int64]) {
            #expect(revisions(receiver) == Array(start...401))
        }
    }

    @Test func watchersWithinTheSamePagesAreServedByOneScan() throws {
        try fill(400)
        let receivers = try (1...16).map { try watch(from: Revision(Int64($0) * 24)) }
        var passes = 0
        while try dispatcher.syncWatchers() { passes += 1 }
        #expect(passes <= 400 / Self.revisionsPerPage)
        for (index, receiver) in receivers.enumerated() {
            #expect(revisions(receiver) == Array(Int64(index + 1) * 24...401))
        }
    }

    @Test func aFullReceiverDoesNotBlockOtherWatchers() throws {
        try fill(40)
        let blocked = try watch(from: 2)
        blocked.isFull = true
        let other = try watch(from: 20)
        while try dispatcher.syncWatchers() {}
        #expect(revisions(other) == Array(20...41))
        #expect(revisions(blocked).isEmpty)
        blocked.isFull = false
        while try dispatcher.syncWatchers() {}
        #expect(revisions(blocked) == Array(2...41))
    }

    @Test func allCompactedWatchersAreNotifiedInOnePass() throws {
        try fill(400)
        let receivers = try [2, 100, 300].map { try watch(from: $0) }
        try fixture.store.scheduleCompaction(at: 390)
        let sound = try watch(from: 390)
        _ = try dispatcher.syncWatchers()
        for receiver in receivers {
            guard case .compacted(revision: 390)? = receiver.deliveries.first?.content else {
                Issue.record("the watcher gets a compacted notification")
                continue
            }
            #expect(receiver.deliveries.count == 1)
        }
        while try dispatcher.syncWatchers() {}
        #expect(revisions(sound) == Array(390...401))
    }

    /// As in etcd, the transactions are sent in one response, which the service may fragment.
    @Test func aFewLargeTransactionsArriveTogether() throws {
        let value = String(repeating: "v", count: 1_200_000)
        for _ in 0..<5 { fixture.put("k", value) }
        let dispatcher = WatchDispatcher(store: fixture.store)
        let receiver = RecordingReceiver()
        let configuration = WatcherConfiguration(key: Array("k".utf8), startRevision: 2)
        _ = dispatcher.register(configuration, id: nil, on: dispatcher.openStream(receiver))
        while try dispatcher.syncWatchers() {}
        #expect(revisions(receiver) == [2, 3, 4, 5, 6])
        #expect(
            receiver.deliveries.count == 2, "a response holds 4 MiB and the rest of a transaction")
    }

    @Test func aStreamIsClosedOnce() throws {
        let streams = (0..<4).map { _ in dispatcher.openStream(RecordingReceiver()) }
        for index in [1, 0, 1, 3] { dispatcher.close(streams[index]) }
        #expect(dispatcher.counts.streams == 1)
        dispatcher.close(streams[2])
        #expect(dispatcher.counts.streams == 0)
    }
}
