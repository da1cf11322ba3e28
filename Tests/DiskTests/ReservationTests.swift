import Disk
import Glibc
import TestSupport
import Testing

/// The address space that a mapping reserves beyond its file.
@Suite struct ReservationTests {
    @Test func theWantedReservationIsTaken() throws {
        let directory = try TemporaryDirectory()
        let file = try RealDisk().open(directory.path + "/a", .create(permissions: 0o600))
        #expect(try file.map(reservingBytes: 1 << 30, atLeast: 4096).reservedBytes == 1 << 30)
    }

    @Test func aLimitOnAddressSpaceLeavesHalfToOthers() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let file = try RealDisk().open(directory.path + "/a", .create(permissions: 0o600))
            ProcessLimits.addressSpace(toMore: 5 << 30)
            let mapping = try file.map(reservingBytes: 64 << 30, atLeast: 4096)
            exit(mapping.reservedBytes == 2 << 30 ? 0 : 1)
        }
    }

    @Test func theLeastReservationIsTakenOrTheErrorNamesTheLimit() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.path + "/a"
            let file = try RealDisk().open(path, .create(permissions: 0o600))
            ProcessLimits.addressSpace(toMore: 3 << 30)
            let mapping = try file.map(reservingBytes: 64 << 30, atLeast: 2 << 30)
            guard mapping.reservedBytes == 2 << 30 else { exit(1) }
            do throws(DiskError) {
                _ = try file.map(reservingBytes: 64 << 30, atLeast: 2 << 30)
            } catch {
                guard error == .system(path: path, operation: "mmap", errno: ENOMEM),
                    "\(error)".contains("limit on address space")
                else { exit(2) }
                exit(0)
            }
            exit(3)
        }
    }
}
