import Bolt
import Disk
import Identifiers
import MVCC
import StandardStreams
import Testing

@testable import etcdutl

/// The hash of a closed file is the one that a store of that file computes, at any revision and
/// with a compaction in any state.
@Suite("Hash of a closed database")
struct HistoryHashTests {
    private static let configuration = BoltConfiguration(
        initialMapBytes: 64 << 20, growthStepBytes: 0)
    private let disk = MemoryDisk()

    private func open() throws -> Bolt {
        try Bolt.open(disk: disk, path: "/db", configuration: Self.configuration)
    }

    private func openStore(_ bolt: Bolt) throws -> Store {
        try Store(
            bolt: bolt,
            configuration: StoreConfiguration(compactionBatchMax: 10, indexReservedBytes: 64 << 20))
    }

    /// Random puts and deletions of a few keys, and a compaction of which some steps are run.
    private func write(seed: UInt64, steps: Int) throws {
        let bolt = try open()
        defer { bolt.close() }
        let store = try openStore(bolt)
        var random = SeededGenerator(seed: seed)
        for number in 0..<120 as Range<UInt8> {
            let key = Array("key\(UInt8.random(in: 0..<9, using: &random))".utf8)[...]
            var transaction = store.beginWrite()
            if UInt8.random(in: 0..<3, using: &random) == 0 {
                _ = transaction.deleteRange(key, end: [])
            } else {
                transaction.put(key, value: [number], lease: 0)
            }
            _ = transaction.end()
        }
        try store.persist()
        guard steps >= 0 else { return }
        let current = store.revisions.current.rawValue
        try store.scheduleCompaction(
            at: Revision(Int64.random(in: current / 2...current, using: &random)))
        try store.persist()
        for _ in 0..<steps { _ = try store.compactionStep() }
        try store.persist()
    }

    @Test(arguments: 0..<8 as Range<UInt64>, [-1, 0, 2, 100])
    func isThatOfAStore(seed: UInt64, steps: Int) throws {
        try write(seed: seed, steps: steps)
        var expected: [Revision: Result<KeyValueHash, ReadError>] = [:]
        do {
            let bolt = try open()
            defer { bolt.close() }
            let store = try openStore(bolt)
            for revision in 0...store.revisions.current.rawValue + 1 {
                expected[Revision(revision)] = Result { () throws(ReadError) in
                    try store.hashKV(at: Revision(revision)).hash
                }
            }
        }
        let bolt = try open()
        defer { bolt.close() }
        for (revision, hash) in expected {
            // Four slots: several passes.
            let found = Result { () throws(ToolFailure) in
                try HistoryHash(
                    of: bolt, at: revision, progress: Progress("", isShown: false),
                    liveKeys: LiveKeys(slotsMax: 4))
            }
            switch (hash, found) {
            case (.success(let hash), .success(let found)):
                #expect(
                    hash.hash == found.hash && hash.revision == found.revision
                        && hash.compactRevision == found.compactRevision,
                    "seed \(seed), revision \(revision)")
            case (.failure, .failure(let failure)):
                #expect(failure.lines[0].hasPrefix("Error: mvcc: required revision "))
            default: Issue.record("seed \(seed), revision \(revision): \(hash), \(found)")
            }
        }
    }
}
