import Bolt
import Disk
import Testing

/// A page becomes damaged while the file is open: every read of it reports the damage.
@Suite struct DamageTests {
    private static let pageBytes = 1024
    private static let entryCount = 500

    private let disk = MemoryDisk()
    private let bolt: Bolt

    init() throws {
        bolt = try Bolt.open(
            disk: disk, path: "/db",
            configuration: BoltConfiguration(
                initialMapBytes: 1 << 24, pageSizeBytes: Self.pageBytes, growthStepBytes: 0))
        let write = bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([1])
        for number in 0..<Self.entryCount {
            try bucket.put([UInt8](number: number), [UInt8](number: number * 7))
        }
        try write.createBucketIfMissing([2]).put([1], [1])
        try write.commit()
    }

    /// Gives the leaf that holds an entry the number of another page.
    private func damageLeaf(of number: Int) throws -> PageFault {
        let read = bolt.beginRead()
        defer { read.end() }
        var image = [UInt8](repeating: 0, count: read.sizeBytes)
        _ = image.withUnsafeMutableBytes { read.readPages(at: 0, into: $0) }
        let entry = [UInt8](number: number) + [UInt8](number: number * 7)
        let page = try #require(image.firstRange(of: entry)).lowerBound / Self.pageBytes
        let file = try disk.open("/db", .readWrite)
        try [UInt8(255)].withUnsafeBytes { try file.write($0, at: page * Self.pageBytes + 1) }
        file.close()
        return PageFault(page: UInt64(page), reason: .wrongIdentity)
    }

    @Test func lookupsAndCursorsThrow() throws {
        let fault = try damageLeaf(of: 250)
        let read = bolt.beginRead()
        defer { read.end() }
        let bucket = try #require(try read.bucket([1]))
        #expect(try bucket.get([UInt8](number: 3)) == [UInt8](number: 21))
        for _ in 0..<2 { #expect(throws: fault) { try bucket.get([UInt8](number: 250)) } }
        var finder = bucket.finder
        #expect(throws: fault) {
            try [UInt8](number: 250).withUnsafeBytes { _ = try finder.get($0) }
        }
        var cursor = bucket.cursor()
        #expect(throws: fault) { while try cursor.next() != nil {} }
        // Then it has no position and starts from the beginning.
        #expect(try cursor.next().map { Array($0.key) } == [UInt8](number: 0))
        var backwards = bucket.cursor()
        #expect(throws: fault) { while try backwards.previous() != nil {} }
        #expect(throws: fault) { try cursor.seek([UInt8](number: 250)) }
        #expect(try read.bucket([2])?.get([1]) == [1])
    }

    /// Flips bits of the flags of an element in the leaf of an entry.
    private func changeFlags(by mask: UInt8, byte: Int, of number: Int) throws -> UInt64 {
        let page = try damageLeaf(of: number).page
        let file = try disk.open("/db", .readWrite)
        defer { file.close() }
        let start = Int(page) * Self.pageBytes
        let flagsAt = start + 16 + byte
        try [UInt8(page >> 8), mask].withUnsafeBytes { bytes in
            try file.write(.init(rebasing: bytes[..<1]), at: start + 1)
            try file.write(.init(rebasing: bytes[1...]), at: flagsAt)
        }
        return page
    }

    @Test func anElementOfAnUnknownTypeIsDamage() throws {
        let page = try changeFlags(by: 4, byte: 1, of: 250)
        let fault = PageFault(page: page, reason: .elementType)
        let read = bolt.beginRead()
        defer { read.end() }
        var cursor = try #require(try read.bucket([1])).cursor()
        #expect(throws: fault) { while try cursor.next() != nil {} }
        #expect(bolt.check().map(\.page) == [page])
    }

    @Test func copiesAndDefragmentationsFailAndLeaveTheFile() throws {
        let fault = try damageLeaf(of: 250)
        #expect(throws: BoltError.corrupt(fault)) { try bolt.copyCompacted(to: "/copy") }
        #expect(throws: BoltError.corrupt(fault)) { try bolt.defragment(temporaryPath: "/tmp") }
        #expect(!disk.exists("/tmp"))
        #expect(try bolt.beginRead().bucket([2])?.get([1]) == [1])
    }

    /// A transaction that needs a damaged page fails; the state before stays.
    @Test func aWriteThatNeedsTheDamagedPageIsRolledBack() throws {
        let fault = try damageLeaf(of: 250)
        let write = bolt.beginWrite()
        let bucket = try write.createBucketIfMissing([1])
        try bucket.put([UInt8](number: 3), [1])
        #expect(throws: BoltError.corrupt(fault)) { try bucket.delete([UInt8](number: 250)) }
        write.rollback()
        let kept = try bolt.beginRead().bucket([1])?.get([UInt8](number: 3))
        #expect(kept == [UInt8](number: 21))
    }

    /// The file has grown and could not be mapped: the next commit maps it, so that no reader
    /// accesses addresses beyond the mapping.
    @Test func afterAMappingThatFailedTheNextCommitMapsAgain() throws {
        let disk = MemoryDisk()
        let bolt = try Bolt.open(
            disk: disk, path: "/db",
            configuration: BoltConfiguration(initialMapBytes: 1, growthStepBytes: 0))
        let value = [UInt8](repeating: 9, count: 100_000)
        var faults = MemoryDiskFaults()
        faults.mapsBeforeFailure = 0
        disk.inject(faults)
        let failing = bolt.beginWrite()
        try failing.createBucketIfMissing([1]).put([1], value)
        #expect(throws: BoltError.self) { try failing.commit() }
        let again = bolt.beginWrite()
        try again.createBucketIfMissing([1]).put([1], value)
        #expect(throws: BoltError.self, "the mapping is retried") { try again.commit() }
        disk.inject(MemoryDiskFaults())
        let last = bolt.beginWrite()
        try last.createBucketIfMissing([1]).put([1], value)
        try last.commit()
        #expect(try bolt.beginRead().bucket([1])?.get([1]) == value)
        #expect(bolt.check() == [])
    }
}
