import Bolt
import Disk
import Testing

/// The end of the file is cut off when nothing is in use there.
@Suite struct EndTests {
    private let configuration = BoltConfiguration(growthStepBytes: 0)

    /// A file whose bucket [2] fills nearly all but the first tenth of it, and is deleted; after it
    /// are some pages of bucket [3].
    private func makeFile(on disk: MemoryDisk, entriesAtEnd: Int = 0) throws -> Bolt {
        let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        for (name, count) in [(1, 100), (2, 900), (3, entriesAtEnd)] as [(UInt8, Int)] {
            guard count > 0 else { continue }
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

    private func requireContent(_ bolt: Bolt, entriesAtEnd: Int = 0) throws {
        #expect(bolt.check() == [])
        let read = bolt.beginRead()
        defer { read.end() }
        for (name, count) in [(1, 100), (3, entriesAtEnd)] as [(UInt8, Int)] {
            let entries = try read.bucket([name])?.entries() ?? []
            #expect(entries.count == count)
            #expect(entries.allSatisfy { $0.value == [UInt8](repeating: name, count: 1000) })
        }
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
        try requireContent(bolt, entriesAtEnd: 900)
        bolt.close()
        try requireContent(
            Bolt.open(disk: disk, path: "/db", configuration: configuration), entriesAtEnd: 900)
    }

    @Test func fewPagesInUseThereAreMoved() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk, entriesAtEnd: 20)
        let full = bolt.sizeBytes
        try bolt.commitAgain()
        while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
        #expect(try !bolt.moveEnd(pagesMax: 2))
        #expect(try bolt.moveEnd(pagesMax: 20))
        try requireContent(bolt, entriesAtEnd: 20)
        try bolt.commitAgain()
        while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
        while bolt.endAwaitsCommit { try bolt.commitAgain() }
        #expect(bolt.sizeBytes < full / 2)
        #expect(disk.fileSizeBytes("/db") == bolt.sizeBytes)
        try requireContent(bolt, entriesAtEnd: 20)
        // What is left is in use, or kept.
        #expect(try !bolt.moveEnd(pagesMax: 20))
        bolt.close()
        try requireContent(
            Bolt.open(disk: disk, path: "/db", configuration: configuration), entriesAtEnd: 20)
    }

    @Test func whatIsInUseMostlyStays() throws {
        let bolt = try makeFile(on: MemoryDisk(), entriesAtEnd: 400)
        try bolt.commitAgain()
        #expect(try !bolt.moveEnd(pagesMax: 20))
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

    /// An iteration over names that do not ascend might never end.
    @Test func bucketsOutOfOrderAreNoticed() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk, entriesAtEnd: 20)
        let write = bolt.beginWrite()
        for name in [2, 4, 5] as [UInt8] { try write.createBucketIfMissing([name]) }
        try write.commit()
        try bolt.commitAgain()
        while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
        let file = try disk.open("/db", .readWrite)
        for page in stride(from: 0, to: try file.size(), by: 4096) {
            var bytes = [UInt8](repeating: 0, count: 4096)
            _ = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: page) }
            // A leaf of five buckets.
            guard bytes[8] == 2, bytes[10] == 5, bytes[16] == 1 else { continue }
            for (index, name) in ([3, 4, 5, 1, 2] as [UInt8]).enumerated() {
                let element = 16 + 16 * index
                let start = Int(bytes[element + 4]) | Int(bytes[element + 5]) << 8
                bytes[element + start] = name
            }
            try bytes.withUnsafeBytes { try file.write($0, at: page) }
        }
        do {
            _ = try bolt.moveEnd(pagesMax: 20)
            Issue.record("the order is not noticed")
        } catch {
            guard case .corrupt(let fault) = error else { throw error }
            #expect(fault.reason == .order)
        }
    }

    /// What is kept is kept again once the end has been cut.
    @Test func theReserveStaysAfterTheEndWasCut() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk, entriesAtEnd: 20)
        try bolt.commitAgain()
        while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
        #expect(try bolt.moveEnd(pagesMax: 20))
        try bolt.commitAgain()
        while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
        while bolt.endAwaitsCommit { try bolt.commitAgain() }
        let fill = bolt.beginWrite()
        let bucket = try fill.createBucketIfMissing([4])
        for number in 0..<900 {
            try bucket.put([UInt8](number: number), [UInt8](repeating: 4, count: 1000))
        }
        try fill.commit()
        let clear = bolt.beginWrite()
        try clear.deleteBucket([4])
        try clear.commit()
        try bolt.commitAgain()
        while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
        let held = bolt.heldFreeBytes
        #expect(held > 290_000 && held <= 300_000)
    }

    /// The power fails after any change of the disk, and again in the next process.
    @Test func aCrashAtAnyStepLosesNothing() throws {
        let disk = MemoryDisk()
        let bolt = try makeFile(on: disk, entriesAtEnd: 20)
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
                let bolt = try cut(on: crashed)
                #expect(bolt.sizeBytes < disk.fileSizeBytes("/db") ?? 0)
                try requireContent(bolt, entriesAtEnd: 20)
            }
            if isComplete { break }
            changes += 1
        }
        #expect(changes > 20)
    }

    /// Releases free pages, and moves and cuts the end, in steps.
    @discardableResult
    private func cut(on disk: MemoryDisk) throws -> Bolt {
        let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
        try bolt.commitAgain()
        repeat {
            while try bolt.releaseFreePages(keepingBytes: 300_000, pagesMax: 50) > 0 {}
            while bolt.endAwaitsCommit { try bolt.commitAgain() }
            guard try bolt.moveEnd(pagesMax: 20) else { return bolt }
            try bolt.commitAgain()
        } while true
    }
}
