import Bolt
import Disk
import EtcdAPI
import Identifiers
import MVCC
import Membership
import Testing

@testable import StateMachine

/// Installing the database of a leader's snapshot.
@Suite("Replacing the state by a snapshot")
struct AdoptTests {
    /// A state that is some entries ahead of a new one.
    private func leader() throws -> StateFixture {
        let leader = try StateFixture()
        try leader.grant(7, seconds: 100)
        for number in 0..<50 { try leader.put("key\(number % 20)", "\(number)") }
        try leader.put("leased", "yes", lease: 7)
        try leader.delete("key3")
        try leader.alarm(.activate, .nospace)
        try leader.compact(20)
        try leader.finishCompactions()
        return leader
    }

    /// Copies the leader's database to a file on the follower's disk.
    private func copy(_ leader: StateFixture, to follower: StateFixture, _ path: String) throws {
        try leader.state.store.persist()
        let reading = leader.bolt.beginRead()
        defer { reading.end() }
        var image = [UInt8](repeating: 0, count: reading.sizeBytes)
        let count = image.withUnsafeMutableBytes { reading.readPages(at: 0, into: $0) }
        #expect(count == image.count)
        let file = try follower.disk.open(path, .create(permissions: 0o600))
        defer { file.close() }
        try image.withUnsafeBytes { try file.write($0, at: 0) }
        try file.synchronize()
    }

    private func install(_ leader: StateFixture, into follower: StateFixture) throws {
        try copy(leader, to: follower, "received")
        let index = leader.state.appliedIndex
        try follower.state.requireServable(databaseAt: "received", through: index)
        try follower.bolt.replace(byFileAt: "received")
        follower.state.adopt(try follower.state.reload(through: index))
        follower.nextIndex = leader.nextIndex
    }

    @Test func theWholeStateIsReplaced() throws {
        let leader = try leader()
        let follower = try StateFixture()
        try follower.put("of the follower alone", "1")
        try install(leader, into: follower)
        #expect(!follower.disk.exists("received"))
        #expect(follower.state.appliedIndex == leader.state.appliedIndex)
        #expect(follower.revision == leader.revision)
        #expect(try follower.value("of the follower alone") == nil)
        #expect(try follower.value("key4") == "44")
        #expect(try follower.value("key3") == nil)
        #expect(follower.state.lessor[.init(rawValue: 7)]?.sortedKeys == [bytes("leased")])
        #expect(follower.state.alarms.isActive(.noSpace))
        #expect(follower.state.store.revisions.compacted == 20)
        let hashes = try [leader, follower].map { try $0.state.store.hashKV(at: 0).hash.hash }
        #expect(hashes[0] == hashes[1])
    }

    @Test func laterEntriesAreAppliedAndSurviveARestart() throws {
        let leader = try leader()
        let follower = try StateFixture()
        try install(leader, into: follower)
        for state in [leader, follower] {
            try state.put("after", "1", prevKV: true)
            try state.revoke(7)
        }
        #expect(try follower.value("leased") == nil)
        try follower.restart()
        #expect(follower.state.appliedIndex == leader.state.appliedIndex)
        #expect(try follower.fileHash() == leader.fileHash())
    }

    @Test func watchersContinueWithoutGapsOrDuplicates() throws {
        let follower = try StateFixture()
        let leader = try StateFixture()
        let receiver = RecordingReceiver()
        let watchers = follower.state.watchers
        let stream = watchers.openStream(receiver)
        let everything = WatcherConfiguration(key: [0], end: [0])
        _ = watchers.register(everything, id: nil, on: stream)
        for number in 0..<3 {
            try leader.put("k", "\(number)")
            try follower.put("k", "\(number)")
        }
        for number in 3..<10 { try leader.put("k", "\(number)") }
        try install(leader, into: follower)
        while try watchers.syncWatchers() {}
        try leader.put("k", "10")
        try follower.put("k", "10")
        #expect(receiver.revisions == Array(2...12))
    }

    /// Why a leader's state must not be served, and the expected error.
    enum Unservable: CaseIterable {
        case hasLaterClusterVersion, hasLaterStorageVersion, isOlderThanSnapshot

        var refusal: StateRefusal {
            let (own, later) = (SemanticVersion(3, 7), SemanticVersion(3, 8))
            return switch self {
            case .hasLaterClusterVersion: .clusterVersion(later, own: own)
            case .hasLaterStorageVersion: .storageVersion(later, own: own)
            case .isOlderThanSnapshot: .olderThanSnapshot(appliedIndex: 55, snapshotIndex: 56)
            }
        }
    }

    @Test(arguments: Unservable.allCases)
    func aStateThatCannotBeServedIsNotInstalled(_ kind: Unservable) throws {
        let leader = try leader()
        let follower = try StateFixture()
        try follower.put("of the follower alone", "1")
        let index = leader.state.appliedIndex
        try leader.edit { transaction in
            switch kind {
            case .hasLaterClusterVersion:
                try transaction.createBucketIfMissing(bytes("cluster"))
                    .put(bytes("clusterVersion"), bytes("3.8.0"))
            case .hasLaterStorageVersion:
                try transaction.createBucketIfMissing(bytes("meta"))
                    .put(bytes("storageVersion"), bytes("3.8.0"))
            case .isOlderThanSnapshot: break
            }
        }
        try copy(leader, to: follower, "received")
        #expect(index == 55)
        let requiredIndex = kind == .isOlderThanSnapshot ? index + 1 : index
        #expect(throws: kind.refusal) {
            try follower.state.requireServable(databaseAt: "received", through: requiredIndex)
        }
        #expect(follower.disk.exists("received"))
        try follower.put("goes on", "2")
        try follower.restart()
        #expect(try follower.value("of the follower alone") == "1")
        #expect(try follower.value("goes on") == "2")
        // Reloading fails too if it has replaced the member's own database.
        try follower.bolt.replace(byFileAt: "received")
        #expect(throws: kind.refusal) { try follower.state.reload(through: requiredIndex) }
    }

    @Test func aDamagedDatabaseIsNotInstalled() throws {
        let leader = try leader()
        let follower = try StateFixture()
        try follower.put("of the follower alone", "1")
        try copy(leader, to: follower, "received")
        let disk = try #require(follower.disk as? MemoryDisk)
        for page in 0...1 { try disk.flipBit(0, of: "received", at: page * 4096 + 40) }
        let damaged = StateRefusal.store(
            .bolt(.invalidFile(reason: "neither meta page is valid")))
        #expect(throws: damaged) {
            try follower.state.requireServable(databaseAt: "received", through: 1)
        }
        #expect(try follower.value("of the follower alone") == "1")
    }

    @Test func readersOfTheReplacedStateFailAsCompacted() throws {
        let leader = try leader()
        let follower = try StateFixture()
        for number in 0..<30 { try follower.put("k\(number)", "v") }
        let job = try follower.state.store.beginHash(at: 0)
        #expect(try job.step(records: 3) == nil)
        try install(leader, into: follower)
        #expect(throws: ReadError.refused(.compacted)) { try job.step(records: 1000) }
    }
}
