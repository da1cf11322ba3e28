import Disk
import Glibc
import TestSupport
import Testing

/// A member's files can be opened although connections have taken all descriptors.
@Suite struct DescriptorReserveTests {
    private static let limit = 64

    @Test func aFileReplacesADescriptorOfTheReserve() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let reserve = DescriptorReserve(count: 3)
            let disk = RealDisk(reserve: reserve)
            let other = try await ProcessLimits.takeAllDescriptors(limit: Self.limit)
            let files = try (0..<3).map {
                try disk.open(directory.path + "/\($0)", .create(permissions: 0o600))
            }
            try files[2].write([1, 2], at: 0)
            try #require(reserve.heldCount == 0)
            let path = directory.path + "/none"
            #expect(throws: DiskError.system(path: path, operation: "open", errno: EMFILE)) {
                try disk.open(path, .create(permissions: 0o600))
            }
            close(other[0])
            try disk.open(path, .create(permissions: 0o600)).synchronize()
            exit(0)
        }
    }

    @Test func aClosedFileFillsTheReserveAgainBeforeOthersTakeItsDescriptor() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/a"
            let reserve = DescriptorReserve(count: 2)
            let disk = RealDisk(reserve: reserve)
            _ = try await ProcessLimits.takeAllDescriptors(limit: Self.limit)
            for _ in 0..<20 {
                let file = try disk.open(path, .create(permissions: 0o600))
                try file.lock()
                file.close()
                guard reserve.heldCount == 2, open("/dev/null", O_RDONLY) < 0 else { exit(1) }
            }
            exit(0)
        }
    }

    @Test func directoriesAreListedAndSynchronizedWithTheReserve() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let disk = RealDisk(reserve: DescriptorReserve(count: 1))
            try disk.open(directory.path + "/a", .create(permissions: 0o600)).close()
            _ = try await ProcessLimits.takeAllDescriptors(limit: Self.limit)
            for _ in 0..<10 {
                guard try disk.list(directory.path) == ["a"] else { exit(1) }
                try disk.synchronizeDirectory(directory.path)
            }
            exit(0)
        }
    }

    @Test func anOpenDirectoryIsSynchronizedWithoutADescriptor() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let opened = try RealDisk().openDirectory(directory.path)
            _ = try await ProcessLimits.takeAllDescriptors(limit: Self.limit)
            try opened.synchronize()
            opened.close()
            let path = directory.path
            #expect(throws: DiskError.system(path: path, operation: "fsync", errno: EBADF)) {
                try opened.synchronize()
            }
            exit(0)
        }
    }
}
