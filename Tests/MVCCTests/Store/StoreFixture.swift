import Bolt
import Disk
import EtcdAPI
import SwiftProtobuf
import TestSupport
import Testing

@testable import MVCC

/// A store over a real file in its own directory, which can be closed and reopened.
final class StoreFixture {
    private let temporaryDirectory: TemporaryDirectory
    let disk = RealDisk()
    let configuration: StoreConfiguration
    private(set) var bolt: Bolt
    private(set) var store: Store
    let leases: RecordedLeases

    var directory: String { temporaryDirectory.path }

    init(
        compactionBatchMax: Int = 1000, sliceKeys: Int = 512, sliceBytes: Int = 256 << 10
    ) throws {
        temporaryDirectory = try TemporaryDirectory()
        configuration = StoreConfiguration(
            compactionBatchMax: compactionBatchMax, sliceKeys: sliceKeys,
            sliceBytes: sliceBytes, indexReservedBytes: 1 << 30)
        leases = RecordedLeases()
        bolt = try Self.open(disk, temporaryDirectory.path)
        store = try Store(bolt: bolt, configuration: configuration, leases: leases)
    }

    deinit {
        bolt.close()
    }

    private static func open(_ disk: RealDisk, _ directory: String) throws -> Bolt {
        var configuration = BoltConfiguration()
        configuration.initialMapBytes = 1 << 30
        configuration.syncOnCommit = false
        return try Bolt.open(disk: disk, path: directory + "/db", configuration: configuration)
    }

    /// Reopens the file; what was not persisted is lost.
    func reopen() throws {
        bolt.close()
        bolt = try Self.open(disk, directory)
        leases.attached = [:]
        store = try Store(bolt: bolt, configuration: configuration, leases: leases)
    }

    @discardableResult
    func put(_ key: String, _ value: String, lease: Int64 = 0) -> CommittedTransaction? {
        var transaction = store.beginWrite()
        transaction.put(bytes(key), value: bytes(value), lease: lease)
        return transaction.end()
    }

    @discardableResult
    func delete(_ key: String, end: String = "") -> (Int, CommittedTransaction?) {
        var transaction = store.beginWrite()
        let count = transaction.deleteRange(bytes(key), end: bytes(end))
        return (count, transaction.end())
    }

    /// Executes a range, through a reader where it is large.
    func range(_ request: RangeRequest) throws(ReadError) -> ReceivedRange {
        var response = RangeResponse()
        switch try store.range(request, into: &response, check: allowed) {
        case .complete:
            return ReceivedRange(
                pairs: decodePairs(response.keyValues), more: response.more, count: response.count)
        case .large(let reader):
            return try drain(reader)
        }
    }

    private func drain(_ reader: RangeReader) throws(ReadError) -> ReceivedRange {
        while try !reader.prepare(sizing: true) {}
        var all: [UInt8] = []
        var isDone = false
        while !isDone {
            var writer = WireWriter(capacity: 64)
            isDone = try reader.read(keys: 7, bytes: 200, into: &writer)
            all += writer.written
        }
        #expect(all.count == reader.pairsSizeBytes)
        return ReceivedRange(pairs: decodePairs(all), more: reader.more, count: reader.count)
    }

    /// Runs compaction steps until nothing is left to do.
    @discardableResult
    func compactFully() throws -> CompactionReport? {
        var report: CompactionReport?
        while true {
            switch try store.compactionStep() {
            case .finished(let finished): report = finished
            case .idle, .waiting: return report
            case .indexed, .removed: continue
            }
        }
    }
}

struct ReceivedRange: Equatable {
    var pairs: [KeyValue]
    var more: Bool
    var count: Int64
}

final class RecordedLeases: LeaseBinding {
    var attached: [[UInt8]: Int64] = [:]

    func lease(of key: UnsafeRawBufferPointer) -> Int64 { attached[Array(key)] ?? 0 }

    func attach(_ key: UnsafeRawBufferPointer, to lease: Int64) { attached[Array(key)] = lease }

    func detach(_ key: UnsafeRawBufferPointer, from lease: Int64) {
        #expect(attached[Array(key)] == lease)
        attached[Array(key)] = nil
    }
}

func bytes(_ text: String) -> ArraySlice<UInt8> { ArraySlice(text.utf8) }

func decodePairs(_ encoded: [UInt8]) -> [KeyValue] {
    do {
        return try Etcdserverpb_RangeResponse(serializedBytes: encoded).kvs.map { pair in
            try KeyValue(decoding: ArraySlice(pair.serializedBytes() as [UInt8]))
        }
    } catch {
        Issue.record(error)
        return []
    }
}

extension SeededGenerator {
    /// A number in `0 ..< bound`: the remainder of one draw.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

/// The check of a store that publishes no authority is not called.
func allowed(_ authority: any ReadAuthority) throws(EtcdError) {
    Issue.record("a read was checked")
}
