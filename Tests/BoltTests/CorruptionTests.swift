import Bolt
import Disk
import Testing

@Suite struct CorruptionTests {
    /// Changes random bytes of a sound file and runs all operations: errors and violations are
    /// accepted, traps and endless loops are not.
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func damagedPagesAreRejectedOrReportedButNeverTrap(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let sound = try soundImage(generator: &generator)
        var refused = 0
        for _ in 0..<60 {
            var image = sound
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                // Headers and element tables are at the start of pages.
                let page = Int.random(in: 2..<image.count / 1024, using: &generator)
                let offset = Int.random(in: 0..<64, using: &generator)
                image[page * 1024 + offset] = UInt8.random(in: 0...255, using: &generator)
            }
            if try !use(image) { refused += 1 }
        }
        #expect(refused > 0, "seed \(seed): some damage must be detected")
    }

    @Test func aTornMetaPageLeavesThePreviousState() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(disk: disk, path: "/db")
        for number in 1...4 as ClosedRange<UInt8> {
            let write = bolt.beginWrite()
            try write.createBucketIfMissing([1]).put([number], [number])
            try write.commit()
        }
        let newest = bolt.transactionNumber
        bolt.close()
        try disk.flipBit(3, of: "/db", at: Int(newest % 2) * 4096 + 40)
        let again = try Bolt.open(disk: disk, path: "/db")
        #expect(again.transactionNumber == newest - 1)
        #expect(try again.beginRead().bucket([1])?.entries().map(\.key) == [[1], [2], [3]])
    }

    @Test func aFileThatIsNotABoltFileIsRejectedAndLeftUnchanged() throws {
        let disk = MemoryDisk()
        let file = try disk.open("/db", .createNew(permissions: 0o600))
        let content = [UInt8](repeating: 0x41, count: 9000)
        try content.withUnsafeBytes { try file.write($0, at: 0) }
        file.close()
        #expect(throws: BoltError.invalidFile(reason: "neither meta page is valid")) {
            try Bolt.open(disk: disk, path: "/db")
        }
        var found = [UInt8](repeating: 0, count: 9001)
        let again = try disk.open("/db", .read)
        #expect(try found.withUnsafeMutableBytes { try again.read(into: $0, at: 0) } == 9000)
        #expect(Array(found[..<9000]) == content)
    }

    @Test func aTruncatedFileIsRejected() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(
            disk: disk, path: "/db", configuration: BoltConfiguration(growthStepBytes: 0))
        let write = bolt.beginWrite()
        try write.createBucketIfMissing([1]).put([1], [UInt8](repeating: 1, count: 50_000))
        try write.commit()
        bolt.close()
        try disk.open("/db", .readWrite).truncate(to: 20_000)
        #expect(throws: BoltError.invalidFile(reason: "the file is shorter than its pages")) {
            try Bolt.open(disk: disk, path: "/db")
        }
    }

    /// True when nothing was rejected or reported.
    private func use(_ image: [UInt8]) throws -> Bool {
        let disk = MemoryDisk()
        let file = try disk.open("/db", .createNew(permissions: 0o600))
        try image.withUnsafeBytes { try file.write($0, at: 0) }
        file.close()
        let configuration = BoltConfiguration(initialMapBytes: 1 << 24, growthStepBytes: 0)
        do {
            let bolt = try Bolt.open(disk: disk, path: "/db", configuration: configuration)
            var isSound = bolt.check().isEmpty
            isSound = isSound && isRead(bolt)
            let write = bolt.beginWrite()
            let bucket = try write.createBucketIfMissing([2])
            for number in 0..<100 { try bucket.put([UInt8(number), 1], [1, 2, 3]) }
            try write.deleteBucket([1])
            try write.commit()
            _ = bolt.check()
            return isSound
        } catch {
            // Every error except a disk error is a rejection.
            guard case .disk = error else { return false }
            throw error
        }
    }

    /// Whether every entry is read without finding damage.
    private func isRead(_ bolt: Bolt) -> Bool {
        do throws(PageFault) {
            try bolt.beginRead().forEachBucket { _, bucket throws(PageFault) in
                _ = try bucket.entries()
            }
            return true
        } catch {
            return false
        }
    }

    private func soundImage(generator: inout SeededGenerator) throws -> [UInt8] {
        let configuration = BoltConfiguration(pageSizeBytes: 1024, growthStepBytes: 0)
        let bolt = try Bolt.open(disk: MemoryDisk(), path: "/db", configuration: configuration)
        let write = bolt.beginWrite()
        for name in [1, 2, 3] as [UInt8] {
            let bucket = try write.createBucketIfMissing([name])
            for number in 0..<(name == 3 ? 2 : 200) {
                try bucket.put([UInt8(number), name], generator.bytes(number % 60))
            }
        }
        try write.commit()
        let read = bolt.beginRead()
        var image = [UInt8](repeating: 0, count: read.sizeBytes)
        _ = image.withUnsafeMutableBytes { read.readPages(at: 0, into: $0) }
        return image
    }
}
