import Bolt
import Disk
import Identifiers
import PeerTransport
import Raft
import StateMachine
import Synchronization
import Testing

@testable import EtcdServer

/// The check of a database that a running member receives from a leader.
@Suite("Receiving a database", .serialized)
struct ReceivedDatabaseTests {
    private static let index: LogIndex = 90

    private func message() -> Raft.Message {
        var message = Raft.Message(type: .snapshot)
        message.snapshot = Snapshot(
            index: Self.index, term: Term(4), confState: ConfState(), data: [])
        return message
    }

    /// The image of a database that has applied entry 90.
    private func image(_ edits: (BoltWriteTransaction) throws -> Void) throws -> [UInt8] {
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        defer { bolt.close() }
        let transaction = bolt.beginWrite()
        let meta = try transaction.createBucketIfMissing(Array("meta".utf8))
        try ConsistentIndex(index: Self.index, term: 4, confState: .init(voters: [1]))
            .write(to: meta)
        try edits(transaction)
        try transaction.commit()
        let reading = bolt.beginRead()
        defer { reading.end() }
        var image = [UInt8](repeating: 0, count: reading.sizeBytes)
        _ = image.withUnsafeMutableBytes { reading.readPages(at: 0, into: $0) }
        return image
    }

    private func receive(_ image: [UInt8], _ fixture: ClusterFixture) throws {
        let destination = try fixture.messageReceiver.beginSnapshot(message())
        do {
            try image.withUnsafeBytes { try destination.write($0) }
            try destination.finish()
        } catch {
            destination.abandon()
            throw error
        }
    }

    @Test func anInvalidDatabaseLeavesNoFiles() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let directory = fixture.directory + "/data/member/snap"
        let before = Set(try RealDisk().list(directory))
        var damaged = try image { _ in }
        damaged[4096 + 50] ^= 1
        #expect(throws: StateRefusal.brokenPage("page 1: meta page is not valid")) {
            try receive(damaged, fixture)
        }
        let malformed = try image {
            try $0.createBucketIfMissing(Array("authUsers".utf8)).put(Array("a".utf8), [0xFF])
        }
        #expect(throws: StateRefusal.store(.malformedRecord(key: Array("a".utf8)))) {
            try receive(malformed, fixture)
        }
        #expect(Set(try RealDisk().list(directory)) == before)
        #expect(
            fixture.findings.withLock { $0 } == [
                "refused: page 1: meta page is not valid",
                "refused: the database is corrupt: the record 61 is malformed",
            ])
        // The same snapshot can be received again.
        try receive(try image { _ in }, fixture)
        #expect(Set(try RealDisk().list(directory)).subtracting(before).count == 1)
        try await fixture.stop()
    }
}
