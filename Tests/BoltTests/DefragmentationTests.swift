import Bolt
import Disk
import Testing

/// Defragmentation in steps, with commits in between.
@Suite struct DefragmentationTests {
    private var limits: BoltDefragmentation.Limits {
        var limits = BoltDefragmentation.Limits()
        limits.entriesPerStep = 200
        limits.finalPassLeavesMax = 2
        return limits
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func whatIsCommittedBetweenTheStepsIsInTheNewFile(seed: UInt64) throws {
        let disk = MemoryDisk()
        let configuration = BoltConfiguration(
            pageSizeBytes: seed % 2 == 0 ? 1024 : 4096, bucketsAreFlat: seed % 4 < 2,
            growthStepBytes: 0)
        let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        var changes = RandomChanges(generator: SeededGenerator(seed: seed), keyCount: 1000)
        var model = Model()
        for _ in 0..<10 { try commit(500, to: bolt, &changes, &model) }
        let defragmentation = try BoltDefragmentation(
            of: bolt, temporaryPath: "/db.tmp", limits: limits)
        let reader = bolt.beginRead()
        let before = model
        var steps = 0
        while try !defragmentation.step() {
            steps += 1
            try commit(steps < 12 ? 150 : 2, to: bolt, &changes, &model)
        }
        #expect(steps > 1, "seed \(seed): something was committed in between")
        #expect(!disk.exists("/db.tmp"))
        #expect(try before.matches(reader), "seed \(seed): a reader keeps its state")
        #expect(bolt.check() == [], "seed \(seed)")
        #expect(try model.matches(bolt.beginRead()), "seed \(seed)")
        try commit(100, to: bolt, &changes, &model)
        bolt.close()
        let opened = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        #expect(opened.check() == [])
        #expect(try model.matches(opened.beginRead()), "seed \(seed): after opening it again")
    }

    @Test func nestedBucketsAreCopiedToo() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        let fill = bolt.beginWrite()
        let outer = try fill.createBucketIfMissing([1])
        let inner = try outer.createBucketIfMissing([2])
        for number in 0..<4000 { try inner.put([UInt8](number: number), [1, 2, 3]) }
        try outer.createBucketIfMissing([3]).put([1], [1])
        try outer.createBucketIfMissing([4]).put([1], [1])
        try fill.commit()
        let defragmentation = try BoltDefragmentation(
            of: bolt, temporaryPath: "/db.tmp", limits: limits)
        #expect(try !defragmentation.step())
        let change = bolt.beginWrite()
        let changed = try change.createBucketIfMissing([1])
        try changed.createBucketIfMissing([2]).put([UInt8](number: 7), [9])
        try changed.createBucketIfMissing([2]).delete([UInt8](number: 3900))
        try changed.deleteBucket([3])
        try changed.put([3], [5])
        try changed.createBucketIfMissing([4]).put([2], [2])
        try changed.createBucketIfMissing([5]).setSequence(77)
        try change.commit()
        while try !defragmentation.step() {}
        #expect(bolt.check() == [])
        let read = bolt.beginRead()
        let found = try #require(try read.bucket([1]))
        let entries = try found.bucket([2])?.entries() ?? []
        #expect(entries.count == 3999)
        #expect(entries[7].value == [9])
        #expect(try found.get([3]) == [5] && found.bucket([3]) == nil)
        #expect(try found.bucket([4])?.entries().map(\.key) == [[1], [2]])
        #expect(try found.bucket([5])?.sequence == 77)
    }

    @Test func abandoningLeavesTheFileUnchanged() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        var changes = RandomChanges(generator: SeededGenerator(seed: 5), keyCount: 1000)
        var model = Model()
        for _ in 0..<10 { try commit(500, to: bolt, &changes, &model) }
        do {
            let defragmentation = try BoltDefragmentation(
                of: bolt, temporaryPath: "/db.tmp", limits: limits)
            #expect(try !defragmentation.step())
            #expect(disk.exists("/db.tmp"))
        }
        #expect(!disk.exists("/db.tmp"))
        #expect(bolt.openReaderCount == 0)
        #expect(try model.matches(bolt.beginRead()))
        try commit(100, to: bolt, &changes, &model)
        try bolt.defragment(temporaryPath: "/db.tmp")
        #expect(bolt.check() == [])
        #expect(try model.matches(bolt.beginRead()))
    }

    private func commit(
        _ count: Int, to bolt: Bolt, _ changes: inout RandomChanges, _ model: inout Model
    ) throws {
        let write = bolt.beginWrite()
        try changes.apply(count, to: write, &model)
        try write.commit()
    }
}
