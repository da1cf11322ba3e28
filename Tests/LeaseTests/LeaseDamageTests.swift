import Bolt
import EtcdAPI
import MonotonicClock
import SwiftProtobuf
import TestSupport
import Testing

@testable import Lease

@Suite("Damaged leases")
struct LeaseDamageTests {
    private func write(
        _ fixture: inout LeaseFixture, ttl: Int64, remaining: Int64 = 0
    ) throws {
        var message = Leasepb_Lease()
        message.id = 7
        message.ttl = ttl
        message.remainingTtl = remaining
        fixture.batch.put(
            bucket: Lessor.bucket, key: lease(7).storageKey, value: try message.serializedBytes())
    }

    @Test(arguments: [Lessor.ttlSecondsMax + 1, Int64.max / 1000, .max])
    func aTTLAboveTheMaximumIsRejected(seconds: Int64) throws {
        var fixture = try LeaseFixture()
        try write(&fixture, ttl: seconds)
        #expect(throws: LeaseRestoreError.malformedRecord(key: lease(7).storageKey)) {
            try fixture.restarted()
        }
    }

    @Test func malformedBytesAreRejected() throws {
        var fixture = try LeaseFixture()
        fixture.batch.put(bucket: Lessor.bucket, key: [1], value: [0xFF])
        #expect(throws: LeaseRestoreError.malformedRecord(key: [1])) { try fixture.restarted() }
    }

    @Test func aTTLBelowTheMinimumIsRaisedAsInEtcd() throws {
        var fixture = try LeaseFixture()
        try write(&fixture, ttl: .min)
        #expect(try fixture.restarted()[lease(7)]?.grantedSeconds == 2)
    }

    /// Checkpoints are stored unchecked.
    @Test(arguments: [Int64.max, .max / 1000, .min])
    func aCheckpointedTTLIsLimitedToTheGrantedOne(seconds: Int64) throws {
        var fixture = try LeaseFixture(checkpointInterval: 300_000)
        try fixture.grant(1, seconds: 100)
        fixture.lessor.checkpoint(
            lease(1), remainingSeconds: seconds, persist: true, into: &fixture.batch)
        fixture.lessor.promote(inTerm: 2, extraTime: 1_000, now: 0)
        #expect(fixture.lessor[lease(1)]?.expiry == 101_000)
        var restarted = try fixture.restarted()
        restarted.promote(inTerm: 2, extraTime: 1_000, now: 0)
        #expect(restarted[lease(1)]?.expiry == 101_000)
    }
}
