import EtcdAPI
import SwiftProtobuf
import Testing

@testable import MVCC

@Suite struct StoreConcurrencyTests {
    /// One thread applies, persists and compacts while others read: each read sees one revision.
    @Test func readersSeeWholeTransactionsWhileTheWriterWorks() async throws {
        let fixture = try StoreFixture(compactionBatchMax: 20, sliceKeys: 3)
        let store = fixture.store
        func write(_ value: Int) {
            var transaction = store.beginWrite()
            for key in 0..<8 {
                transaction.put(bytes("k\(key)"), value: bytes("\(value)"), lease: 0)
            }
            _ = transaction.end()
        }
        write(0)
        let readers = (0..<2).map { _ in
            Task.detached {
                var reads = 0
                while store.revisions.current < 300 {
                    let request = RangeRequest(key: bytes("k"), rangeEnd: [0])
                    let reader = try store.openRange(request, check: allowed)
                    while try !reader.prepare(sizing: true) {}
                    var writer = WireWriter(capacity: 64)
                    while try !reader.read(keys: 2, bytes: 1000, into: &writer) {}
                    let pairs = decodePairs(writer.written)
                    #expect(pairs.count == 8)
                    #expect(pairs.allSatisfy { $0.modRevision == reader.revision.rawValue })
                    #expect(Set(pairs.map(\.value)).count == 1)
                    reads += 1
                    await Task.yield()
                }
                return reads
            }
        }
        for value in 1...300 {
            write(value)
            if value % 10 == 0 { try store.persist() }
            if value % 25 == 0 {
                try store.scheduleCompaction(at: store.revisions.current)
                try store.persist()
            }
            _ = try store.compactionStep()
            if value % 3 == 0 { await Task.yield() }
        }
        for reader in readers { #expect(try await reader.value >= 0) }
    }
}
