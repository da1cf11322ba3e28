import Disk
import Testing

@testable import Bolt

/// Single and batched lookups find what the bucket itself finds.
@Suite struct FinderTests {
    /// Keys in the form of stored revisions: a number, a byte, another number.
    private static func revision(_ main: Int, _ sub: Int) -> [UInt8] {
        [UInt8](number: main) + [UInt8(ascii: "_")] + [UInt8](number: sub)
    }

    private static let dense = (1...5_000).map { revision($0, 0) }
    private static let sparse = (1...5_000).map { revision($0 * $0 * 7, 0) }
    private static let transactions = (1...1_000).flatMap { main in
        (0..<main % 7).map { revision(main * 3, $0) }
    }
    private static let huge = (0..<2_000).map {
        revision(Int.max - 2_000 * 1_000_003 + $0 * 1_000_003, 0)
    }
    private static let names: [[UInt8]] = (0..<3_000).map { number in
        [UInt8](text: String(number * 2_654_435_761 % 10_000_019, radix: 36))
    }

    @Test(arguments: [dense, sparse, transactions, huge, names, [revision(1, 0)], []])
    func findsWhatTheBucketFinds(keys: [[UInt8]]) throws {
        var random = SeededGenerator(seed: 7)
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        let write = bolt.beginWrite()
        let filled = try write.createBucketIfMissing([UInt8](text: "key"))
        for key in keys { try filled.put(key, random.bytes(Int(random.next() % 300))) }
        try write.commit()
        let read = bolt.beginRead()
        let bucket = try #require(try read.bucket([UInt8](text: "key")))

        let missing = keys.map { $0 + [0] } + [[], [0], [255], Self.revision(Int.max, 9)]
        for lookups in [keys, keys.shuffled(using: &random), missing, keys.reversed()] {
            var finder = bucket.finder
            for key in lookups {
                let found = try key.withUnsafeBytes { key in try finder.get(key).map { Array($0) } }
                #expect(try found == bucket.get(key))
            }
            try expectBatches(lookups, in: bucket)
        }
        read.end()
    }

    private func expectBatches(_ keys: [[UInt8]], in bucket: BoltBucket) throws {
        var finder = bucket.finder
        for start in stride(from: 0, to: keys.count, by: 32) {
            let batch = keys[start..<min(start + 32, keys.count)]
            var lookups = batch.map { key in key.withUnsafeBytes { finder.begin($0) } }
            for (index, key) in batch.enumerated() {
                guard var lookup = lookups[index] else { continue }
                key.withUnsafeBytes { finder.advance(&lookup, $0) }
                lookups[index] = lookup
            }
            for (index, key) in batch.enumerated() {
                guard let lookup = lookups[index] else { continue }
                let found = key.withUnsafeBytes { key in
                    finder.finish(lookup, key).map { Array($0) }
                }
                #expect(try found == bucket.get(key))
            }
        }
    }

    @Test func batchedLookupsAreUsedWithBranches() throws {
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        let write = bolt.beginWrite()
        let filled = try write.createBucketIfMissing([UInt8](text: "key"))
        for key in Self.dense { try filled.put(key, [1, 2, 3]) }
        try write.commit()
        let read = bolt.beginRead()
        var finder = try #require(try read.bucket([UInt8](text: "key"))?.finder)
        let lookup = Self.dense[777].withUnsafeBytes { finder.begin($0) }
        #expect(lookup != nil)
        read.end()
    }
}
