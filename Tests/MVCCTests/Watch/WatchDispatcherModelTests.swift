import Disk
import EtcdAPI
import Identifiers
import SwiftProtobuf
import Testing

@testable import MVCC

/// Checks every watcher against the list of all changes.
@Suite struct WatchDispatcherModelTests {
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
    func everyWatcherSeesItsChangesOnceAndInOrder(seed: UInt64) throws {
        var run = try WatchRun(seed: seed)
        for _ in 0..<2000 { try run.step() }
        try run.finish()
    }
}

/// A receiver that is full at times; it records the deliveries of each watcher.
final class RecordingReceiver: WatchReceiver, @unchecked Sendable {
    // `@unchecked Sendable`: the tests use one thread.
    var isFull = false
    var deliveries: [WatchDelivery] = []

    var hasCapacity: Bool { !isFull }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        if isFull { return false }
        for delivery in deliveries {
            for index in 0..<delivery.watcherCount {
                self.deliveries.append(
                    WatchDelivery(
                        watcherID: delivery.watcherID(at: index), revision: delivery.revision,
                        wantsPrevious: delivery.wantsPrevious,
                        allowsFragments: delivery.allowsFragments, content: delivery.content))
            }
        }
        return true
    }
}

struct SeenChange: Equatable {
    var revision: RevisionPair
    var isDeletion: Bool
    var key: [UInt8]
    var value: [UInt8]
    var previousValue: [UInt8]?
}

private struct WatchRun {
    struct Watched {
        let stream: Int
        let id: Int64
        let configuration: WatcherConfiguration
        let start: Revision
        var isCanceled = false
    }

    let fixture: StoreFixture
    let dispatcher: WatchDispatcher
    var random: SeededGenerator
    var changes: [SeenChange] = []
    var values: [[UInt8]: [UInt8]] = [:]
    var receivers: [RecordingReceiver] = []
    var streams: [WatchStream] = []
    var watchers: [Watched] = []
    var pending: [CommittedTransaction] = []
    var lowestCompaction: Revision = 0

    init(seed: UInt64) throws {
        fixture = try StoreFixture()
        random = SeededGenerator(seed: seed)
        dispatcher = WatchDispatcher(
            store: fixture.store,
            configuration: WatchConfiguration(
                watchersPerSyncMax: 5, revisionsPerPage: 4, bytesPerPage: 200, bytesPerSlice: 80))
        for _ in 0..<4 {
            let receiver = RecordingReceiver()
            receivers.append(receiver)
            streams.append(dispatcher.openStream(receiver))
        }
    }

    mutating func step() throws {
        switch random.below(20) {
        case 0..<8: write()
        case 8..<11: try notify()
        case 11..<14: _ = try dispatcher.syncWatchers()
        case 14, 15: register()
        case 16: receivers[random.below(receivers.count)].isFull = random.below(2) == 0
        case 17: try fixture.store.persist()
        case 18: cancel()
        default: try compact()
        }
        if random.below(5) == 0 {
            dispatcher.requestProgress(on: streams[random.below(streams.count)])
        }
    }

    mutating func write() {
        var transaction = fixture.store.beginWrite()
        var used: Set<Int> = []
        for _ in 0...random.below(3) {
            let number = random.below(12)
            guard used.insert(number).inserted else { continue }
            let key = bytes("k\(number)")
            let revision = RevisionPair(
                main: fixture.store.newestRevision.next, sub: Int64(transaction.changeCount))
            let old = values[Array(key)]
            if random.below(3) > 0 {
                let value = bytes("\(random.below(10_000))")
                transaction.put(key, value: value, lease: 0)
                values[Array(key)] = Array(value)
                changes.append(
                    SeenChange(
                        revision: revision, isDeletion: false, key: Array(key),
                        value: Array(value), previousValue: old))
            } else if transaction.deleteRange(key, end: []) == 1 {
                values[Array(key)] = nil
                changes.append(
                    SeenChange(
                        revision: revision, isDeletion: true, key: Array(key), value: [],
                        previousValue: old))
            }
        }
        if let committed = transaction.end() { pending.append(committed) }
    }

    mutating func notify() throws {
        try dispatcher.notify(pending)
        pending = []
    }

    mutating func register() {
        let start: Revision =
            random.below(2) == 0
            ? 0 : Revision(Int64(random.below(Int(fixture.store.newestRevision.rawValue) + 4)))
        let key = "k\(random.below(12))"
        let end = ["", "\0", "k5", "k1"][random.below(4)]
        let configuration = WatcherConfiguration(
            key: Array(key.utf8), end: Array(end.utf8), startRevision: start,
            omitsPuts: random.below(6) == 0, omitsDeletions: random.below(6) == 0,
            wantsPrevious: random.below(2) == 0)
        guard !configuration.isRangeEmpty else { return }
        let stream = random.below(streams.count)
        guard let (id, revision) = dispatcher.register(configuration, id: nil, on: streams[stream])
        else {
            Issue.record("an automatic id is never refused")
            return
        }
        #expect(revision == fixture.store.newestRevision)
        watchers.append(
            Watched(
                stream: stream, id: id, configuration: configuration,
                start: start == 0 ? revision.next : start))
    }

    mutating func cancel() {
        guard !watchers.isEmpty, random.below(3) == 0 else { return }
        let index = random.below(watchers.count)
        let exists = dispatcher.cancel(watchers[index].id, on: streams[watchers[index].stream])
        if watchers[index].isCanceled { #expect(!exists) }
        watchers[index].isCanceled = true
    }

    mutating func compact() throws {
        guard random.below(4) == 0, fixture.store.newestRevision > 6 else { return }
        let revision = fixture.store.newestRevision - random.below(6)
        guard revision > fixture.store.revisions.compacted else { return }
        try fixture.store.scheduleCompaction(at: revision)
        try fixture.store.persist()
        try fixture.compactFully()
    }

    mutating func finish() throws {
        try notify()
        for receiver in receivers { receiver.isFull = false }
        var passes = 0
        while try dispatcher.syncWatchers() || dispatcher.counts.unsynced > 0 {
            passes += 1
            try #require(passes < 10_000, "catching up ends")
        }
        for watched in watchers { try check(watched) }
        for receiver in receivers { checkProgress(receiver) }
    }

    /// The received changes are a gap-free run of the expected ones, complete unless the watcher
    /// was canceled or compacted.
    func check(_ watched: Watched) throws {
        var seen: [SeenChange] = []
        var isCut = watched.isCanceled
        var lastDelivered: Revision = 0
        for delivery in receivers[watched.stream].deliveries
        where delivery.watcherID == watched.id {
            switch delivery.content {
            case .changes(let changes):
                let first = try #require(changes.first)
                #expect(first.revision.main > lastDelivered, "transactions are not split")
                lastDelivered = changes[changes.count - 1].revision.main
                #expect(delivery.revision >= lastDelivered)
                for change in changes { seen.append(try decode(change, watched.configuration)) }
            case .compacted(let revision):
                isCut = true
                #expect(revision > watched.start)
            case .progress: break
            }
        }
        var expected = changes.filter { change in
            change.revision.main >= watched.start
                && change.key.withUnsafeBytes { watched.configuration.contains($0) }
                && watched.configuration.admits(isDeletion: change.isDeletion)
        }
        if isCut { expected = Array(expected.prefix(seen.count)) }
        for (index, change) in seen.enumerated() where change.previousValue == nil {
            // A previous pair may have been compacted away.
            if index < expected.count { expected[index].previousValue = nil }
        }
        if !watched.configuration.wantsPrevious {
            for index in expected.indices { expected[index].previousValue = nil }
        }
        #expect(seen == expected)
    }

    func decode(
        _ change: WatchedChange, _ configuration: WatcherConfiguration
    ) throws -> SeenChange {
        let encoded = change.bytes(withPrevious: configuration.wantsPrevious)
        let response = try Etcdserverpb_WatchResponse(serializedBytes: encoded)
        let event = try #require(response.events.first)
        #expect(event.kv.modRevision == change.revision.main.rawValue)
        return SeenChange(
            revision: change.revision, isDeletion: event.type == .delete,
            key: Array(event.kv.key), value: Array(event.kv.value),
            previousValue: event.hasPrevKv ? Array(event.prevKv.value) : nil)
    }

    /// After a progress notification at R no change at or below R follows, for watchers that had
    /// received a change before it.
    func checkProgress(_ receiver: RecordingReceiver) {
        var seen: Set<Int64> = []
        var promised: [Int64: Revision] = [:]
        for delivery in receiver.deliveries {
            switch delivery.content {
            case .progress:
                for id in seen { promised[id] = delivery.revision }
            case .changes(let changes):
                seen.insert(delivery.watcherID)
                if let promise = promised[delivery.watcherID], let first = changes.first {
                    #expect(first.revision.main > promise)
                }
            case .compacted: break
            }
        }
    }
}
