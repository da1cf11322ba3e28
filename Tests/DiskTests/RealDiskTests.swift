import Disk
import Glibc
import TestSupport
import Testing

@Suite struct RealDiskTests {
    let directory: TemporaryDirectory
    let disk = RealDisk()

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func path(_ name: String) -> String { directory.path + "/" + name }

    @Test func writtenBytesAreReadBack() throws {
        let file = try disk.open(path("a"), .createNew(permissions: 0o600))
        try file.write([1, 2, 3, 4], at: 6)
        #expect(try file.size() == 10)
        #expect(try file.bytes(at: 5, count: 3) == [0, 1, 2])
        #expect(try file.bytes(at: 8, count: 100) == [3, 4])
        #expect(try file.bytes(at: 50, count: 1) == [])
        try file.synchronize()
    }

    @Test func openModesDecideWhetherTheFileMayExist() throws {
        #expect(throws: DiskError.notFound(path: path("b"))) { try disk.open(path("b"), .read) }
        #expect(throws: DiskError.notFound(path: path("b"))) {
            try disk.open(path("b"), .readWrite)
        }
        _ = try disk.open(path("b"), .create(permissions: 0o600))
        _ = try disk.open(path("b"), .create(permissions: 0o600))
        #expect(throws: DiskError.alreadyExists(path: path("b"))) {
            try disk.open(path("b"), .createNew(permissions: 0o600))
        }
        let reader = try disk.open(path("b"), .read)
        #expect(throws: DiskError.system(path: path("b"), operation: "pwrite", errno: EBADF)) {
            try reader.write([1], at: 0)
        }
        var status = stat()
        #expect(stat(path("b"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func closedFilesFailInsteadOfTouchingAnotherDescriptor() throws {
        let file = try disk.open(path("c"), .create(permissions: 0o600))
        file.close()
        file.close()
        #expect(throws: DiskError.system(path: path("c"), operation: "fdatasync", errno: EBADF)) {
            try file.synchronize()
        }
    }

    @Test func lockIsExclusiveUntilClosed() throws {
        let first = try disk.open(path("d"), .create(permissions: 0o600))
        let second = try disk.open(path("d"), .readWrite)
        try first.lock()
        #expect(throws: DiskError.locked(path: path("d"))) { try second.lock() }
        first.close()
        try second.lock()
    }

    @Test func mappingSeesWritesAndGrowthWithoutMoving() throws {
        let file = try disk.open(path("e"), .create(permissions: 0o600))
        try file.truncate(to: 4096)
        let mapping = try file.map(reservingBytes: 10 << 30)
        #expect(mapping.reservedBytes == 10 << 30)
        #expect(mapping.bytes(at: 0, count: 3) == [0, 0, 0])
        try file.write([7, 8, 9], at: 1)
        #expect(mapping.bytes(at: 0, count: 4) == [0, 7, 8, 9])
        try file.truncate(to: 64 << 20)
        try file.write([5], at: 64 << 20 - 1)
        mapping.willNeed(offset: 5000, count: 1 << 20)
        mapping.willNeed(offset: 11 << 30, count: 1)
        file.close()
        #expect(mapping.bytes(at: 64 << 20 - 2, count: 2) == [0, 5])
    }

    @Test func allocatedRangesReadAsZerosAndHolesToo() throws {
        let file = try disk.open(path("f"), .create(permissions: 0o600))
        try file.allocate(from: 4096, count: 1 << 20)
        #expect(try file.size() == 4096 + 1 << 20)
        try file.write([UInt8](repeating: 0xFF, count: 12288), at: 0)
        try file.punchHole(at: 4096, count: 4096)
        #expect(try file.bytes(at: 4095, count: 3) == [0xFF, 0, 0])
        #expect(try file.bytes(at: 8191, count: 2) == [0, 0xFF])
        try file.truncate(to: 10)
        #expect(try file.size() == 10)
    }

    @Test func unwrittenRangesAreNotListed() throws {
        let file = try disk.open(path("f"), .create(permissions: 0o600))
        try file.allocate(from: 0, count: 8 << 20)
        try file.write([1, 0, 3], at: 5 << 20)
        try file.write([4], at: 7 << 20)
        let ranges = try file.writtenRanges()
        #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
        #expect(ranges.allSatisfy { !$0.isEmpty && $0.upperBound <= 8 << 20 })
        for offset in [5 << 20, 5 << 20 + 2, 7 << 20] {
            #expect(ranges.contains { $0.contains(offset) })
        }
        try file.truncate(to: 0)
        #expect(try file.writtenRanges().isEmpty)
    }

    @Test func directoriesAreMadeWithParentsAndListedInByteOrder() throws {
        try disk.createDirectory(path("x/y/z/"), permissions: 0o700)
        try disk.createDirectory(path("x/y/z"), permissions: 0o700)
        var status = stat()
        #expect(stat(path("x/y"), &status) == 0 && status.st_mode & 0o777 == 0o700)
        for name in ["b", "a", "a-", "Z"] {
            _ = try disk.open(path("x/y/z/" + name), .create(permissions: 0o600))
        }
        #expect(try disk.list(path("x/y/z")) == ["Z", "a", "a-", "b"])
        try disk.synchronizeDirectory(path("x/y/z"))
        #expect(throws: DiskError.notFound(path: path("none"))) { try disk.list(path("none")) }
        #expect(throws: DiskError.system(path: path("x"), operation: "rmdir", errno: ENOTEMPTY)) {
            try disk.removeDirectory(path("x"))
        }
        let file = path("x/y/z/a")
        #expect(throws: DiskError.system(path: file, operation: "mkdir", errno: ENOTDIR)) {
            try disk.createDirectory(path("x/y/z/a"), permissions: 0o700)
        }
    }

    @Test func renameReplacesAndRemoveNeedsAFile() throws {
        let file = try disk.open(path("old"), .create(permissions: 0o600))
        try file.write([1], at: 0)
        _ = try disk.open(path("new"), .create(permissions: 0o600))
        try disk.rename(path("old"), to: path("new"))
        #expect(!disk.exists(path("old")) && disk.exists(path("new")))
        #expect(try disk.open(path("new"), .read).bytes(at: 0, count: 9) == [1])
        try disk.remove(path("new"))
        #expect(throws: DiskError.notFound(path: path("new"))) { try disk.remove(path("new")) }
        #expect(throws: DiskError.notFound(path: path("old"))) {
            try disk.rename(path("old"), to: path("new"))
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func fullFileSystemIsReportedAsFull() throws {
        try disk.createDirectory(path("small"), permissions: 0o700)
        guard mount("tmpfs", path("small"), "tmpfs", 0, "size=64k") == 0 else { return }
        defer { umount2(path("small"), 2) }
        let file = try disk.open(path("small/a"), .create(permissions: 0o600))
        #expect(throws: DiskError.full(path: path("small/a"), operation: "pwrite")) {
            try file.write([UInt8](repeating: 1, count: 100_000), at: 0)
        }
        #expect(throws: DiskError.full(path: path("small/a"), operation: "fallocate")) {
            try file.allocate(from: 0, count: 200_000)
        }
        file.close()
    }
}
