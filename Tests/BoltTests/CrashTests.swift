import Bolt
import Disk
import Testing

@Suite struct CrashTests {
    /// Each iteration fails a commit at some write or sync, or lets it succeed, and then cuts the
    /// power: afterwards the file holds the state before the commit or after it, nothing else.
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func aCrashLeavesTheLastOrTheNextState(seed: UInt64) throws {
        var disk = MemoryDisk(seed: seed)
        let configuration = BoltConfiguration(pageSizeBytes: 1024, growthStepBytes: 4096)
        try Bolt.open(disk: disk, path: "/db", configuration: configuration).close()
        var changes = RandomChanges(generator: SeededGenerator(seed: seed), keyCount: 200)
        var model = Model()
        for iteration in 0..<25 {
            let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
            #expect(bolt.check() == [], "seed \(seed) iteration \(iteration)")
            var next = model
            let write = bolt.beginWrite()
            try changes.apply(40, to: write, &next)
            var faults = MemoryDiskFaults()
            switch Int.random(in: 0..<3, using: &changes.generator) {
            case 0:
                faults.synchronizesBeforeFailure = Int.random(in: 0..<2, using: &changes.generator)
            case 1:
                faults.writesBeforeShortWrite = Int.random(in: 0..<30, using: &changes.generator)
            default: break
            }
            disk.inject(faults)
            var isDurable = false
            do {
                try write.commit()
                isDurable = true
            } catch {
                guard case .disk = error else { throw error }
            }
            disk.inject(MemoryDiskFaults())
            disk = disk.afterCrash(seed: changes.generator.next())
            let again = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
            #expect(again.check() == [], "seed \(seed) iteration \(iteration)")
            let read = again.beginRead()
            let hasNext = try next.matches(read)
            if isDurable { #expect(hasNext, "seed \(seed) iteration \(iteration)") }
            try #require(try hasNext || model.matches(read), "seed \(seed) iteration \(iteration)")
            if hasNext { model = next }
            read.end()
            again.close()
        }
    }

    /// A process that ends right after it has written a commit, or whose last sync fails, leaves the
    /// commit to the system. The next process reuses pages of the commit before; the power may still
    /// fail.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func aCommitFoundAtTheStartIsDurable(seed: UInt64) throws {
        var disk = MemoryDisk(seed: seed)
        let configuration = BoltConfiguration(pageSizeBytes: 1024, growthStepBytes: 4096)
        try Bolt.open(disk: disk, path: "/db", configuration: configuration).close()
        var changes = RandomChanges(generator: SeededGenerator(seed: seed), keyCount: 200)
        var model = Model()
        for iteration in 0..<8 {
            let killed = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
            let last = killed.beginWrite()
            try changes.apply(40, to: last, &model)
            var faults = MemoryDiskFaults()
            faults.synchronizesBeforeFailure = 1
            disk.inject(faults)
            #expect(throws: BoltError.self) { try last.commit() }
            disk.inject(MemoryDiskFaults())
            disk.closeAllFiles()

            let next = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
            let read = next.beginRead()
            try #require(try model.matches(read), "seed \(seed) iteration \(iteration)")
            read.end()
            var later = model
            let write = next.beginWrite()
            try changes.apply(40, to: write, &later)
            faults = MemoryDiskFaults()
            faults.changesBeforeHalt = Int.random(in: 0..<12, using: &changes.generator)
            disk.inject(faults)
            try? write.commit()
            disk = disk.afterCrash(seed: changes.generator.next())
            let again = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
            #expect(again.check() == [], "seed \(seed) iteration \(iteration)")
            let found = again.beginRead()
            let isLater = try later.matches(found)
            try #require(
                try isLater || model.matches(found), "seed \(seed) iteration \(iteration)")
            if isLater { model = later }
            found.end()
            again.close()
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func aCrashWhileTheFileIsCreatedLeavesOneThatCanBeOpened(seed: UInt64) throws {
        let disk = MemoryDisk(seed: seed)
        var faults = MemoryDiskFaults()
        faults.synchronizesBeforeFailure = Int(seed % 3)
        disk.inject(faults)
        do {
            try Bolt.open(disk: disk, path: "/db").close()
        } catch {
            guard case .disk = error else { throw error }
        }
        let after = disk.afterCrash(seed: seed)
        let bolt = try Bolt.open(disk: after, path: "/db")
        #expect(bolt.check() == [], "seed \(seed)")
    }

    @Test func aFullDiskFailsTheCommitAndNotTheNextOne() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(
            disk: disk, path: "/db", configuration: BoltConfiguration(growthStepBytes: 0))
        let first = bolt.beginWrite()
        try first.createBucketIfMissing([1]).put([1], [1])
        try first.commit()
        var faults = MemoryDiskFaults()
        faults.capacityBytes = 100_000
        disk.inject(faults)
        let second = bolt.beginWrite()
        try second.createBucketIfMissing([1]).put([2], [UInt8](repeating: 9, count: 500_000))
        #expect(throws: BoltError.self) { try second.commit() }
        #expect(bolt.check() == [])
        disk.inject(MemoryDiskFaults())
        let third = bolt.beginWrite()
        try third.createBucketIfMissing([1]).put([3], [UInt8](repeating: 9, count: 500_000))
        try third.commit()
        #expect(bolt.check() == [])
        let bucket = try #require(try bolt.beginRead().bucket([1]))
        #expect(try bucket.entries().map(\.key) == [[1], [3]])
    }

    @Test func afterAFailedSyncNothingIsCommitted() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        var faults = MemoryDiskFaults()
        faults.synchronizesBeforeFailure = 0
        disk.inject(faults)
        let first = bolt.beginWrite()
        try first.createBucketIfMissing([1])
        #expect(throws: BoltError.self) { try first.commit() }
        let second = bolt.beginWrite()
        try second.createBucketIfMissing([2])
        do {
            try second.commit()
            Issue.record("the commit must fail")
        } catch {
            guard case .failedBefore = error else { throw error }
        }
        #expect(try bolt.beginRead().bucket([1]) == nil)
    }
}
