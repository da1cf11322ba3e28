import Bolt
import Disk
import TestSupport
import Testing

@Suite struct CopyTests {
    @Test(arguments: [512, 1000, 4096, 32768, 1 << 22])
    func anImageStreamedInPiecesIsAFileOfItsInitialState(pieceBytes: Int) throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        var changes = RandomChanges(generator: SeededGenerator(seed: 3), keyCount: 300)
        var model = Model()
        let write = bolt.beginWrite()
        try changes.apply(500, to: write, &model)
        try write.commit()

        let read = bolt.beginRead()
        let copy = try disk.open("/copy", .createNew(permissions: 0o600))
        var piece = [UInt8](repeating: 0, count: pieceBytes)
        var offset = 0
        var later = model
        while true {
            let count = piece.withUnsafeMutableBytes { read.readPages(at: offset, into: $0) }
            if count == 0 { break }
            try piece.withUnsafeBytes {
                try copy.write(UnsafeRawBufferPointer(rebasing: $0[..<count]), at: offset)
            }
            offset += count
            if offset < 20 * pieceBytes {
                let meanwhile = bolt.beginWrite()
                try changes.apply(50, to: meanwhile, &later)
                try meanwhile.commit()
            }
        }
        #expect(offset == read.sizeBytes && offset % 512 == 0)
        #expect(try model.matches(read))
        copy.close()
        let opened = try Bolt.open(disk: disk, path: "/copy")
        #expect(opened.check() == [])
        #expect(opened.transactionNumber == read.transactionNumber)
        #expect(try model.matches(opened.beginRead()))
    }

    @Test func aCompactedCopyHoldsTheSameInLessSpace() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        var model = Model()
        for iteration in 0..<2 {
            let write = bolt.beginWrite()
            let bucket = try write.createBucketIfMissing([1])
            for number in 0..<50_000 {
                let key = [UInt8](number: number)
                if iteration == 0 {
                    try bucket.put(key, [UInt8](repeating: 4, count: 100))
                } else if number % 4 != 0 {
                    try bucket.delete(key)
                } else {
                    model.buckets[[1], default: [:]][key] = [UInt8](repeating: 4, count: 100)
                }
            }
            try write.createBucketIfMissing([2]).put([1], [2])
            try write.commit()
        }
        model.buckets[[2]] = [[1]: [2]]
        var steps: [Int] = []
        try bolt.copyCompacted(to: "/copy") { copied in steps.append(copied) }
        #expect(steps == steps.sorted() && steps.count > 1)
        let copy = try Bolt.open(disk: disk, path: "/copy")
        #expect(copy.check() == [])
        #expect(try model.matches(copy.beginRead()))
        #expect(copy.sizeBytes < bolt.sizeBytes / 2)
        #expect(bolt.openReaderCount == 0)
        #expect(throws: BoltError.disk(.alreadyExists(path: "/copy"))) {
            try bolt.copyCompacted(to: "/copy")
        }
    }

    @Test func aBatchAppliedLaterMakesItsChangesInOrder() throws {
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db")
        var batch = BoltWriteBatch()
        batch.put(bucket: [1], key: [1], value: [1])
        batch.put(bucket: [1], key: [2], value: [2])
        batch.delete(bucket: [1], key: [1])
        batch.delete(bucket: [9], key: [1])
        batch.createBucket([3])
        batch.put(bucket: [4], key: [1], value: [1])
        batch.deleteBucket([4])
        batch.setFillPercent(0.9, ofBucket: [1])
        #expect(batch.count == 7 && !batch.isEmpty)
        let write = bolt.beginWrite()
        try batch.apply(to: write)
        try write.commit()
        let read = bolt.beginRead()
        #expect(try read.bucket([1])?.entries().map(\.key) == [[2]])
        #expect(try read.bucket([3])?.entries().isEmpty == true)
        #expect(try read.bucket([4]) == nil && read.bucket([9]) == nil)
        batch.removeAll()
        #expect(batch.isEmpty && batch.byteCount == 0)
    }

    @Test func blocksOfFreePagesAreReleasedOnceAndNotWhileReadersNeedThem() throws {
        let directory = try TemporaryDirectory()
        defer { withExtendedLifetime(directory) {} }
        let bolt = try Bolt.open(
            disk: RealDisk(), path: directory.path + "/db",
            configuration: BoltConfiguration(growthStepBytes: 0))
        let fill = bolt.beginWrite()
        let bucket = try fill.createBucketIfMissing([1])
        for number in 0..<3000 {
            try bucket.put([UInt8](number: number), [UInt8](repeating: 1, count: 1000))
        }
        try fill.commit()
        let reader = bolt.beginRead()
        let clear = bolt.beginWrite()
        try clear.deleteBucket([1])
        try clear.commit()
        try touch(bolt)
        #expect(try bolt.releaseFreePages(pagesMax: 10_000) < 20)
        #expect(try reader.bucket([1])?.entries().count == 3000)
        reader.end()
        try touch(bolt)
        var released = 0
        while true {
            let step = try bolt.releaseFreePages(pagesMax: 100)
            #expect(step <= 100)
            if step == 0 { break }
            released += step
        }
        #expect(released > 700)
        #expect(bolt.check() == [])
    }

    @Test func theLowestFreePagesAreKeptAndNothingElseIsHeldAfterACommit() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(
            disk: disk, path: "/db", configuration: BoltConfiguration(growthStepBytes: 0))
        for name: UInt8 in [1, 3] {
            let fill = bolt.beginWrite()
            let bucket = try fill.createBucketIfMissing([name])
            for number in 0..<500 {
                try bucket.put([UInt8](number: number), [UInt8](repeating: name, count: 3000))
            }
            try fill.commit()
        }
        let clear = bolt.beginWrite()
        try clear.deleteBucket([1])
        try clear.commit()
        let freed = bolt.pendingFreeBytes
        #expect(freed > 2_000_000 && bolt.heldFreeBytes < 100_000)
        #expect(try bolt.releaseFreePages(keepingBytes: 0, pagesMax: 10_000) < 20)
        try bolt.commitAgain()
        #expect(bolt.heldFreeBytes > freed - 100_000 && bolt.pendingFreeBytes < 100_000)
        let kept = 400_000
        while try bolt.releaseFreePages(keepingBytes: kept, pagesMax: 64) > 0 {}
        #expect(bolt.heldFreeBytes <= kept && bolt.heldFreeBytes > kept - 4096)
        // What is written next uses the pages that were kept.
        let write = bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([4])
        for number in 0..<80 {
            try bucket.put([UInt8](number: number), [UInt8](repeating: 4, count: 3000))
        }
        try write.commit()
        #expect(bolt.heldFreeBytes < 200_000)
        #expect(bolt.check() == [])
        bolt.close()
        let again = try Bolt.open(disk: disk, path: "/db")
        let read = again.beginRead()
        defer { read.end() }
        let entries = try read.bucket([3])?.entries() ?? []
        #expect(entries.count == 500)
        #expect(entries.allSatisfy { $0.value.allSatisfy { $0 == 3 } })
    }

    private func touch(_ bolt: Bolt) throws {
        let write = bolt.beginWrite()
        try write.createBucketIfMissing([2]).put([1], [1])
        try write.commit()
    }
}
