import Disk
import Glibc
import TestSupport
import Testing

@testable import Bolt

/// A database in a process with limited address space.
@Suite struct ReservationLimitTests {
    private static let value = [UInt8](repeating: 7, count: 1 << 20)

    /// Limits the address space of this process and opens a database.
    private static func openWithLittleSpace(in directory: TemporaryDirectory) throws -> Bolt {
        ProcessLimits.addressSpace(toMore: 80 << 20)
        return try Bolt.open(
            disk: RealDisk(), path: directory.path + "/db",
            configuration: BoltConfiguration(syncOnCommit: false, growthStepBytes: 1 << 20))
    }

    private static func put(_ number: Int, in bolt: Bolt) throws(BoltError) {
        let transaction = bolt.beginWrite()
        try transaction.createBucketIfMissing([1]).put([UInt8(number)], value)
        try transaction.commit()
    }

    @Test func itGrowsIntoASmallerReservationAndReportsItsEnd() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let bolt = try Self.openWithLittleSpace(in: directory)
            guard bolt.reservedBytes < 80 << 20, bolt.hasCapacity(forBytes: 0, eighths: 7) else {
                exit(1)
            }
            var number = 0
            do throws(BoltError) {
                while bolt.hasCapacity(forBytes: 0, eighths: 7) {
                    try Self.put(number, in: bolt)
                    number += 1
                }
                // A little is left for clean-up.
                try Self.put(number, in: bolt)
                while true {
                    number += 1
                    try Self.put(number, in: bolt)
                }
            } catch {
                guard "\(error)".contains("limit on address space") else { exit(2) }
            }
            guard number > 20, bolt.check() == [] else { exit(3) }
            exit(0)
        }
    }

    @Test func itHasCapacityAgainOnceRecordsAreRemoved() async {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let bolt = try Self.openWithLittleSpace(in: directory)
            var number = 0
            while bolt.hasCapacity(forBytes: 0, eighths: 7) {
                try Self.put(number, in: bolt)
                number += 1
            }
            let transaction = bolt.beginWrite()
            try transaction.deleteBucket([1])
            try transaction.commit()
            try Self.put(0, in: bolt)
            exit(bolt.hasCapacity(forBytes: 0, eighths: 7) ? 0 : 1)
        }
    }
}
