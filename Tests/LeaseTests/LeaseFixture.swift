import Bolt
import Disk
import MonotonicClock
import TestSupport
import Testing

@testable import Lease

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func lease(_ number: Int64) -> LeaseID { LeaseID(rawValue: number) }

/// A lessor and the database file that stores its changes.
struct LeaseFixture {
    let disk = MemoryDisk()
    let bolt: Bolt
    var lessor: Lessor
    var batch = BoltWriteBatch()

    init(
        ttlSecondsMin: Int64 = 2, now: MonotonicTime? = nil,
        checkpointInterval: TimeSpan? = nil
    ) throws {
        bolt = try Bolt.open(disk: disk, path: "db")
        batch.createBucket(bytes("lease"))
        lessor = Lessor(
            ttlSecondsMin: ttlSecondsMin, checkpointInterval: checkpointInterval)
        if let now { lessor.promote(inTerm: 2, extraTime: 0, now: now) }
    }

    @discardableResult
    mutating func grant(_ id: Int64, seconds: Int64, now: MonotonicTime = 0) throws -> Lease {
        try lessor.grant(lease(id), seconds: seconds, now: now, into: &batch)
    }

    /// Commits the pending changes and reads them into a new lessor, as at start.
    mutating func restarted(ttlSecondsMin: Int64 = 2) throws -> Lessor {
        let transaction = bolt.beginWrite()
        try batch.apply(to: transaction)
        try transaction.commit()
        batch.removeAll()
        var result = Lessor(ttlSecondsMin: ttlSecondsMin)
        let reading = bolt.beginRead()
        defer { reading.end() }
        try result.restore(from: reading)
        return result
    }
}
