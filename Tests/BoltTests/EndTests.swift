import Bolt
import Disk
import Testing

/// The end of the file is cut off when nothing is in use there.
@Suite struct EndTests {
    private let configuration = BoltConfiguration(growthStepBytes: 0)

    /// A file whose bucket [2] fills all but the first tenth of it, and is deleted.
    private func makeFile(on disk: MemoryDisk) throws -> Bolt {
        let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        for (name, count) in [(1, 100), (2, 900)] as [(UInt8, Int)] {
            let fill = bolt.beginWrite()
            let bucket = try fill.createBucketIfMissing([name])
            for number in 0..<count {
                try bucket.put([UInt8](number: number), [UInt8](repeating: name, count: 1000))
            }
            try fill.commit()
        }
        let clear = bolt.beginWrite()
        try clear.deleteBucket([2])
        try clear.commit()
        return bolt
    }

    private func release(_ bolt: Bolt) throws {
        while try bolt.releaseFreePages(pagesMax: 50) > 0 {}
    }

    private func requireContent(_ bolt: Bolt) throws {
        #expect(bolt.check() == [])
        let read = bolt.beginRead()
        defer { read.end() }
        let entries = try read.bucket([1])?.entries() ?? []
        #expect(entries.count == 100)
        #expect(entries.allSatisfy { $0.value == [UInt8](repeating: 1, count: 1000) })
    }

    @Test func itIsCutOnceNeitherMetaPageReachesIt() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk)
        let full = bolt.sizeBytes
        try bolt.commitAgain()
        #expect(!bolt.endAwaitsCommit)
        try release(bolt)
        #expect(bolt.endAwaitsCommit && bolt.sizeBytes == full)
        try bolt.commitAgain()
        #expect(bolt.endAwaitsCommit && bolt.sizeBytes < full / 5)
        #expect(disk.fileSizeBytes("/db") == full)
        try bolt.commitAgain()
        #expect(!bolt.endAwaitsCommit && disk.fileSizeBytes("/db") == bolt.sizeBytes)
        try requireContent(bolt)
        // It grows again.
        let fill = bolt.beginWrite()
        let bucket = try fill.createBucketIfMissing([3])
        for number in 0..<900 {
            try bucket.put([UInt8](number: number), [UInt8](repeating: 3, count: 1000))
        }
        try fill.commit()
        try requireContent(bolt)
        bolt.close()
        try requireContent(Bolt.open(disk: disk, path: "/db", configuration: configuration))
    }

    @Test func aReaderOfTheLongerFileKeepsIt() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk)
        try bolt.commitAgain()
        let reader = bolt.beginRead()
        try bolt.commitAgain()
        try release(bolt)
        for _ in 0..<4 { try bolt.commitAgain() }
        #expect(bolt.sizeBytes < reader.sizeBytes / 5)
        #expect(disk.fileSizeBytes("/db") == reader.sizeBytes)
        // It may read every page of its state.
        var image = [UInt8](repeating: 0, count: reader.sizeBytes)
        let count = image.withUnsafeMutableBytes { reader.readPages(at: 0, into: $0) }
        #expect(count == reader.sizeBytes)
        reader.end()
        let later = bolt.beginRead()
        try bolt.commitAgain()
        #expect(disk.fileSizeBytes("/db") == bolt.sizeBytes)
        #expect(try later.bucket([1])?.entries().count == 100)
        later.end()
        try requireContent(bolt)
    }

    @Test func aFileFoundTooLongIsCut() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk)
        try bolt.commitAgain()
        try release(bolt)
        try bolt.commitAgain()
        let full = try #require(disk.fileSizeBytes("/db"))
        bolt.close()
        let again = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        #expect(disk.fileSizeBytes("/db") == full && again.endAwaitsCommit)
        try again.commitAgain()
        #expect(disk.fileSizeBytes("/db") == again.sizeBytes && again.sizeBytes < full / 5)
        try requireContent(again)
    }

    /// The power fails after any change of the disk, and again in the next process.
    @Test func aCrashAtAnyStepLosesNothing() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk)
        try bolt.commitAgain()
        bolt.close()
        var changes = 0
        while true {
            let halted = disk.afterCrash(seed: UInt64(changes))
            var faults = MemoryDiskFaults()
            faults.changesBeforeHalt = changes
            halted.inject(faults)
            let isComplete = (try? cut(on: halted)) != nil
            halted.inject(MemoryDiskFaults())
            for seed in 0..<6 {
                let crashed = halted.afterCrash(seed: UInt64(seed))
                try requireContent(cut(on: crashed))
            }
            if isComplete { break }
            changes += 1
        }
        #expect(changes > 20)
    }

    /// Releases the free pages and cuts the end, in steps.
    @discardableResult
    private func cut(on disk: MemoryDisk) throws -> Bolt {
        let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        try bolt.commitAgain()
        while try bolt.releaseFreePages(pagesMax: 50) > 0 { try bolt.commitAgain() }
        while bolt.endAwaitsCommit { try bolt.commitAgain() }
        return bolt
    }
}
