import Bolt
import Disk
import TestSupport
import Testing

@Suite struct LimitTests {
    private let bolt: Bolt

    init() throws {
        bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
    }

    @Test func keysHaveOneTo32768Bytes() throws {
        let write = bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([1])
        #expect(throws: BoltError.keyRequired) { try bucket.put([], [1]) }
        let longest = [UInt8](repeating: 7, count: 32768)
        try bucket.put(longest, [1])
        #expect(throws: BoltError.keyTooLarge(sizeBytes: 32769)) {
            try bucket.put(longest + [1], [])
        }
        #expect(throws: BoltError.bucketNameRequired) { try write.createBucketIfMissing([]) }
        try write.commit()
        #expect(bolt.check() == [])
        #expect(try bolt.beginRead().bucket([1])?.get(longest) == [1])
    }

    @Test func bucketsAndValuesAreNotInterchangeable() throws {
        let write = bolt.beginWrite()
        let outer = try write.createBucketIfMissing([1])
        try outer.put([1], [5])
        try outer.createBucketIfMissing([2])
        #expect(throws: BoltError.incompatibleValue) { try outer.put([2], [1]) }
        #expect(throws: BoltError.incompatibleValue) { try outer.delete([2]) }
        #expect(throws: BoltError.incompatibleValue) { try outer.createBucketIfMissing([1]) }
        #expect(try outer.bucket([1]) == nil)
        #expect(try outer.get([2]) == nil)
        #expect(try outer.deleteBucket([1]) == false)
        try write.commit()
        #expect(bolt.check() == [])
    }

    @Test func valuesOfMegabytesUseOverflowPagesAndFreeThem() throws {
        var generator = SeededGenerator(seed: 5)
        let values = (0..<4).map { generator.bytes(1_000_000 + $0 * 4096) }
        let write = bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([1])
        for (index, value) in values.enumerated() { try bucket.put([UInt8(index)], value) }
        try write.commit()
        #expect(bolt.check() == [])
        let read = bolt.beginRead()
        for (index, value) in values.enumerated() {
            #expect(try read.bucket([1])?.get([UInt8(index)]) == value)
        }
        read.end()
        let full = bolt.sizeInUseBytes
        for _ in 0..<3 {
            let clear = bolt.beginWrite()
            try clear.deleteBucket([1])
            try clear.createBucketIfMissing([2]).put([1], [1])
            try clear.commit()
        }
        #expect(bolt.check() == [])
        #expect(bolt.sizeInUseBytes < full - 4_000_000)
    }

    @Test func smallBucketsAreInlineAndBecomeTreesWhenTheyGrow() throws {
        for count in [0, 3, 30, 3000, 5, 0] {
            let write = bolt.beginWrite()
            let bucket = try write.createBucketIfMissing([9])
            var cursor = bucket.cursor()
            while let (key, _) = try cursor.next() { try bucket.delete(key) }
            for number in 0..<count { try bucket.put([UInt8](number: number), [1, 2]) }
            try write.commit()
            #expect(bolt.check() == [])
            let read = bolt.beginRead()
            #expect(try read.bucket([9])?.entries().count == count)
        }
        // Meta pages, root page, and the pages freed by the last two commits: nothing else is left.
        let write = bolt.beginWrite()
        try write.createBucketIfMissing([9]).put([1], [1])
        try write.commit()
        #expect(bolt.sizeInUseBytes <= 8 * 4096)
    }

    @Test func nestedBucketsAreKeptAndDeletedWithTheirParent() throws {
        let write = bolt.beginWrite()
        let outer = try write.createBucketIfMissing([1])
        let inner = try outer.createBucketIfMissing([2])
        try inner.setSequence(42)
        for number in 0..<2000 { try inner.put([UInt8](number: number), [3]) }
        try outer.createBucketIfMissing([3]).createBucketIfMissing([4]).put([5], [6])
        try write.commit()
        #expect(bolt.check() == [])
        let read = bolt.beginRead()
        let found = try #require(try read.bucket([1])?.bucket([2]))
        #expect(try found.sequence == 42 && found.entries().count == 2000)
        #expect(try read.bucket([1])?.bucket([3])?.bucket([4])?.get([5]) == [6])
        read.end()

        let again = bolt.beginWrite()
        try again.bucket([1])?.bucket([2])?.put([7], [8])
        #expect(try again.deleteBucket([1]))
        #expect(try again.deleteBucket([1]) == false)
        try again.commit()
        #expect(bolt.check() == [])
        #expect(try bolt.beginRead().bucket([1]) == nil)
    }

    @Test func aClosedFileIsOpenedAgainWhileItsOldObjectLives() throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let path = directory.path + "/db"
        let first = try Bolt.open(disk: RealDisk(), path: path)
        let write = first.beginWrite()
        try write.createBucketIfMissing([1]).put([1], [1])
        try write.commit()
        first.beginRead().end()
        first.close()
        let second = try Bolt.open(disk: RealDisk(), path: path)
        #expect(try second.beginRead().bucket([1])?.get([1]) == [1])
        second.close()
        #expect(first.path == second.path)
    }

    @Test func aFileIsOpenedOnceAtATime() throws {
        let disk = MemoryDisk()
        let first = try Bolt.open(disk: disk, path: "/db")
        #expect(throws: BoltError.disk(.locked(path: "/db"))) {
            try Bolt.open(disk: disk, path: "/db")
        }
        first.close()
        try Bolt.open(disk: disk, path: "/db").close()
        #expect(throws: BoltError.disk(.notFound(path: "/none"))) {
            try Bolt.open(
                disk: disk, path: "/none", configuration: BoltConfiguration(readOnly: true))
        }
    }
}
