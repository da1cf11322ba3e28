import Disk
import Glibc
import Testing

@Suite struct MemoryDiskTests {
    let disk = MemoryDisk(seed: 1)

    private func create(_ path: String, _ bytes: [UInt8]) throws -> any DiskFile {
        let file = try disk.open(path, .createNew(permissions: 0o600))
        try file.write(bytes, at: 0)
        return file
    }

    @Test func behavesLikeAFileSystem() throws {
        try disk.createDirectory("/a/b", permissions: 0o700)
        let file = try create("/a/b/f", [1, 2, 3])
        #expect(try file.bytes(at: 1, count: 10) == [2, 3])
        try file.write([9], at: 10_000)
        #expect(try file.size() == 10_001)
        #expect(try file.bytes(at: 9_999, count: 5) == [0, 9])
        #expect(try file.writtenRanges() == [0..<4096, 8192..<10_001])
        try file.truncate(to: 2)
        try file.allocate(from: 0, count: 5)
        #expect(try file.bytes(at: 0, count: 9) == [1, 2, 0, 0, 0])
        try file.punchHole(at: 1, count: 100)
        #expect(try file.bytes(at: 0, count: 9) == [1, 0, 0, 0, 0])
        #expect(try disk.list("/a") == ["b"])
        #expect(throws: DiskError.notFound(path: "/x/f")) {
            try disk.open("/x/f", .create(permissions: 0o600))
        }
        #expect(throws: DiskError.system(path: "/a", operation: "rmdir", errno: ENOTEMPTY)) {
            try disk.removeDirectory("/a")
        }
        #expect(throws: DiskError.alreadyExists(path: "/a/b/f/g")) {
            try disk.createDirectory("/a/b/f/g", permissions: 0o700)
        }
        try disk.rename("/a/b/f", to: "/a/b/g")
        #expect(!disk.exists("/a/b/f") && disk.exists("/a/b/g"))
        try disk.rename("/a/b", to: "/a/c")
        try disk.remove("/a/c/g")
        try disk.removeDirectory("/a/c")
        #expect(try disk.list("/a") == [])
    }

    @Test func durableDirectoriesSurviveACrash() throws {
        try disk.createDirectory("/a", permissions: 0o700)
        try disk.createDurableDirectory("/a/b/c", permissions: 0o700)
        for seed in 0..<8 {
            #expect(disk.afterCrash(seed: UInt64(seed)).exists("/a/b/c"))
        }
        try disk.createDurableDirectory("/a/b/c", permissions: 0o700)
        _ = try create("/f", [])
        #expect(throws: DiskError.alreadyExists(path: "/f")) {
            try disk.createDurableDirectory("/f", permissions: 0o700)
        }
    }

    @Test(arguments: [
        ("/a/b", "/a"), ("/a//b//", "/a"), ("/a", "/"), ("/", "/"), ("//", "/"), ("a", "."),
        (".", "."), ("a/b", "a"), ("", "."), ("é/b", "é"),
    ])
    func parentsOfPaths(path: String, parent: String) {
        #expect(DiskPath.parent(of: path) == parent)
    }

    @Test func locksAreExclusiveUntilClosedOrCrashed() throws {
        let first = try create("/f", [])
        try first.lock()
        #expect(throws: DiskError.locked(path: "/f")) { try disk.open("/f", .readWrite).lock() }
        disk.closeAllFiles()
        let second = try disk.open("/f", .readWrite)
        try second.lock()
        #expect(throws: DiskError.system(path: "/f", operation: "fdatasync", errno: EBADF)) {
            try first.synchronize()
        }
        second.close()
        try disk.open("/f", .readWrite).lock()
    }

    @Test func mappingFollowsEveryChangeWithoutMoving() throws {
        let file = try create("/f", [1, 2, 3])
        let mapping = try file.map(reservingBytes: 1 << 30)
        #expect(mapping.bytes(at: 0, count: 4) == [1, 2, 3, 0])
        try file.write([7], at: 1 << 20)
        #expect(mapping.bytes(at: 1 << 20, count: 2) == [7, 0])
        try file.truncate(to: (1 << 20) - 1)
        try file.truncate(to: (1 << 20) + 1)
        #expect(mapping.bytes(at: 1 << 20, count: 2) == [0, 0])
        try file.truncate(to: 1)
        #expect(mapping.bytes(at: 0, count: 4) == [1, 0, 0, 0])
        disk.crash(seed: 0)
        #expect(mapping.bytes(at: 0, count: 1) == [1])
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func crashKeepsSynchronizedDataAndARandomPartOfTheRest(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let file = try create("/f", [])
        try disk.synchronizeDirectory("/")
        var synced = [UInt8](repeating: 0, count: 8192)
        for iteration in 1...4 as ClosedRange<UInt8> {
            let offset = Int.random(in: 0..<8000, using: &random)
            let length = Int.random(in: 1...8192 - offset, using: &random)
            try file.write([UInt8](repeating: iteration, count: length), at: offset)
            synced.replaceSubrange(
                offset..<offset + length, with: repeatElement(iteration, count: length))
        }
        let syncedSize = try file.size()
        try file.synchronize()
        try file.write([UInt8](repeating: 9, count: 3000), at: 1000)
        try file.write([UInt8](repeating: 9, count: 3000), at: syncedSize)

        let after = disk.afterCrash(seed: seed)
        let survivor = try after.open("/f", .read)
        let bytes = try survivor.bytes(at: 0, count: 20_000)
        #expect(bytes.count == syncedSize || bytes.count == syncedSize + 3000)
        #expect(
            try disk.afterCrash(seed: seed).open("/f", .read).bytes(at: 0, count: 20_000)
                == bytes, "the result follows from the seed")
        for offset in 0..<syncedSize where bytes[offset] != synced[offset] {
            #expect((1000..<4000).contains(offset) && bytes[offset] == 9)
        }
        for start in stride(from: 1024, to: min(4000 - 512, syncedSize - 512), by: 512) {
            let sector = bytes[start..<start + 512]
            #expect(
                sector.allSatisfy { $0 == 9 } || sector.elementsEqual(synced[start..<start + 512]),
                "sectors are written whole or not at all")
        }
    }

    @Test func namesAreLostUnlessTheirDirectoryWasSynchronized() throws {
        try create("/kept", [1]).synchronize()
        try disk.synchronizeDirectory("/")
        try create("/new", [1]).synchronize()
        try disk.rename("/kept", to: "/renamed")
        var listings: Set<[String]> = []
        for seed in 0..<64 as Range<UInt64> {
            listings.insert(try disk.afterCrash(seed: seed).list("/"))
        }
        #expect(listings == [["kept"], ["kept", "new"], ["new", "renamed"]])
        try disk.synchronizeDirectory("/")
        disk.crash(seed: 3)
        #expect(try disk.list("/") == ["new", "renamed"])
        #expect(try disk.open("/renamed", .read).bytes(at: 0, count: 2) == [1])
    }

    @Test func failedSynchronizeIsReportedOnceAndItsDataIsNotSavedLater() throws {
        var lost = 0
        for seed in 0..<32 as Range<UInt64> {
            let disk = MemoryDisk(seed: seed)
            let file = try disk.open("/f", .createNew(permissions: 0o600))
            try disk.synchronizeDirectory("/")
            try file.write([5, 5], at: 0)
            var faults = MemoryDiskFaults()
            faults.synchronizesBeforeFailure = 0
            disk.inject(faults)
            #expect(throws: DiskError.system(path: "/f", operation: "fdatasync", errno: EIO)) {
                try file.synchronize()
            }
            try file.synchronize()
            #expect(try file.bytes(at: 0, count: 2) == [5, 5])
            disk.crash(seed: seed)
            if try disk.open("/f", .read).bytes(at: 0, count: 2) != [5, 5] { lost += 1 }
        }
        #expect(lost > 0)
    }

    @Test func fullDiskStoresWhatFits() throws {
        var faults = MemoryDiskFaults()
        faults.capacityBytes = 100
        disk.inject(faults)
        let first = try create("/a", [UInt8](repeating: 1, count: 60))
        #expect(throws: DiskError.full(path: "/b", operation: "pwrite")) {
            _ = try create("/b", [UInt8](repeating: 2, count: 60))
        }
        let second = try disk.open("/b", .readWrite)
        #expect(try second.size() == 40)
        try first.write([UInt8](repeating: 3, count: 60), at: 0)
        #expect(throws: DiskError.full(path: "/a", operation: "fallocate")) {
            try first.allocate(from: 60, count: 1)
        }
        try disk.remove("/b")
        try first.allocate(from: 60, count: 40)
        #expect(throws: DiskError.full(path: "/a", operation: "ftruncate")) {
            try first.truncate(to: 101)
        }
    }

    @Test func shortWritesReadErrorsAndFlippedBitsHappenWhenPlanned() throws {
        let file = try create("/f", [1, 2, 3])
        var faults = MemoryDiskFaults()
        faults.writesBeforeShortWrite = 1
        faults.readsBeforeFailure = 1
        disk.inject(faults)
        try file.write([4], at: 0)
        #expect(throws: DiskError.self) { try file.write([7, 7, 7, 7], at: 3) }
        #expect(try file.size() < 7)
        #expect(try file.bytes(at: 0, count: 3) == [4, 2, 3])
        #expect(throws: DiskError.system(path: "/f", operation: "pread", errno: EIO)) {
            try file.bytes(at: 0, count: 3)
        }
        try file.synchronize()
        try disk.synchronizeDirectory("/")
        try disk.flipBit(3, of: "/f", at: 1)
        disk.crash(seed: 1)
        #expect(try disk.open("/f", .read).bytes(at: 0, count: 3) == [4, 10, 3])
    }

    @Test func readOnlyHandlesCannotChangeTheFile() throws {
        _ = try create("/f", [1])
        let reader = try disk.open("/f", .read)
        #expect(throws: DiskError.system(path: "/f", operation: "ftruncate", errno: EBADF)) {
            try reader.truncate(to: 0)
        }
    }
}
