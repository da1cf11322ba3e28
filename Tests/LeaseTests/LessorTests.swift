import Bolt
import Disk
import EtcdAPI
import MonotonicClock
import TestSupport
import Testing

@testable import Lease

@Suite("Leases and their keys")
struct LessorTests {
    @Test func rejectsIDZeroTooLongTTLsAndExistingIDs() throws {
        var fixture = try LeaseFixture()
        #expect(throws: EtcdError.leaseNotFound) { try fixture.grant(0, seconds: 10) }
        #expect(throws: EtcdError.leaseTTLTooLarge) {
            try fixture.grant(1, seconds: Lessor.ttlSecondsMax + 1)
        }
        #expect(fixture.lessor.count == 0)
        try fixture.grant(1, seconds: Lessor.ttlSecondsMax)
        #expect(throws: EtcdError.leaseExists) { try fixture.grant(1, seconds: 10) }
        #expect(fixture.lessor[lease(1)]?.grantedSeconds == 9_000_000_000)
    }

    @Test(arguments: [(-5, 2), (0, 2), (1, 2), (2, 2), (3, 3)] as [(Int64, Int64)])
    func raisesShortTTLsToTheMinimum(requested: Int64, granted: Int64) throws {
        var fixture = try LeaseFixture(ttlSecondsMin: 2)
        #expect(try fixture.grant(7, seconds: requested).grantedSeconds == granted)
    }

    @Test func negativeIDsAreValid() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(-1, seconds: 10)
        try fixture.grant(.min, seconds: 10)
        let restarted = try fixture.restarted()
        #expect(restarted[lease(-1)] != nil)
        #expect(restarted[lease(.min)] != nil)
    }

    @Test func revokingReturnsTheKeysAscendingAndDetachesThem() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10)
        for key in ["b", "a", "", "ab"] { fixture.lessor.attach(bytes(key), to: lease(1)) }
        let keys = try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        #expect(keys == ["", "a", "ab", "b"].map(bytes))
        #expect(!fixture.lessor.hasAttachments)
        #expect(fixture.lessor.lease(ofKey: bytes("a")) == .none)
        #expect(throws: EtcdError.leaseNotFound) {
            try fixture.lessor.revoke(lease(1), into: &fixture.batch)
        }
    }

    @Test(arguments: [[], [107, 47], Array(repeating: 255, count: 20)] as [[UInt8]])
    func keysAreSortedByTheirBytes(prefix: [UInt8]) throws {
        var generator = SeededGenerator(seed: 1)
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10)
        let values: [UInt8] = [0, 1, 254, 255]
        var keys: Set<[UInt8]> = [prefix]
        for _ in 0..<2_000 {
            // Many are the beginnings of others, and end with zeros.
            let count = Int.random(in: 0..<12, using: &generator)
            let rest = (0..<count).compactMap { _ in values.randomElement(using: &generator) }
            keys.insert(prefix + rest)
        }
        for key in keys { fixture.lessor.attach(key, to: lease(1)) }
        let sorted = keys.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(try fixture.lessor.revoke(lease(1), into: &fixture.batch) == sorted)
    }

    @Test func aKeyIsAttachedToOneLeaseAtMost() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10)
        try fixture.grant(2, seconds: 10)
        fixture.lessor.attach(bytes("k"), to: lease(1))
        fixture.lessor.attach(bytes("k"), to: lease(2))
        #expect(fixture.lessor[lease(1)]?.keys.isEmpty == true)
        #expect(fixture.lessor[lease(2)]?.keys == [bytes("k")])
        #expect(fixture.lessor.lease(ofKey: bytes("k")) == lease(2))
        fixture.lessor.detach(bytes("k"))
        fixture.lessor.detach(bytes("never attached"))
        #expect(fixture.lessor[lease(2)]?.keys.isEmpty == true)
        #expect(!fixture.lessor.hasAttachments)
    }

    @Test func attachingToAMissingLeaseOnlyDetaches() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10)
        fixture.lessor.attach(bytes("k"), to: lease(1))
        fixture.lessor.attach(bytes("k"), to: lease(9))
        #expect(fixture.lessor.lease(ofKey: bytes("k")) == .none)
        #expect(fixture.lessor[lease(1)]?.keys.isEmpty == true)
    }

    @Test func attachmentsStayConsistent() throws {
        let seed: UInt64 = 20
        var generator = SeededGenerator(seed: seed)
        var fixture = try LeaseFixture()
        var expected: [[UInt8]: LeaseID] = [:]
        for step in 0..<2_000 {
            let id = lease(Int64.random(in: 1...8, using: &generator))
            let key = bytes("key\(Int.random(in: 0..<20, using: &generator))")
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                let keys = try? fixture.lessor.revoke(id, into: &fixture.batch)
                let detached = expected.filter { $0.value == id }.map(\.key)
                #expect(Set(keys ?? []) == Set(detached), "seed \(seed), step \(step)")
                for key in detached { expected[key] = nil }
            case 1, 2: _ = try? fixture.grant(id.rawValue, seconds: 10)
            case 3...7:
                fixture.lessor.attach(key, to: id)
                expected[key] = fixture.lessor[id] == nil ? nil : id
            default:
                fixture.lessor.detach(key)
                expected[key] = nil
            }
        }
        for number in Int64(1)...8 {
            let keys = expected.filter { $0.value == lease(number) }.map(\.key)
            #expect((fixture.lessor[lease(number)]?.keys ?? []) == Set(keys), "seed \(seed)")
        }
        for (key, id) in expected { #expect(fixture.lessor.lease(ofKey: key) == id) }
    }

    @Test func storesLeasesWithoutClocksAndKeys() throws {
        var fixture = try LeaseFixture(now: 0)
        try fixture.grant(5, seconds: 30)
        try fixture.grant(6, seconds: 40)
        try fixture.grant(7, seconds: 50)
        fixture.lessor.attach(bytes("k"), to: lease(5))
        _ = try fixture.lessor.revoke(lease(6), into: &fixture.batch)
        fixture.lessor.checkpoint(
            lease(7), remainingSeconds: 11, persist: true, into: &fixture.batch)
        fixture.lessor.checkpoint(
            lease(5), remainingSeconds: 9, persist: false, into: &fixture.batch)
        fixture.lessor.checkpoint(
            lease(99), remainingSeconds: 9, persist: true, into: &fixture.batch)
        let restarted = try fixture.restarted()
        #expect(restarted.count == 2)
        #expect(restarted[lease(5)]?.grantedSeconds == 30)
        #expect(restarted[lease(5)]?.checkpointedSeconds == 0)
        #expect(restarted[lease(7)]?.checkpointedSeconds == 11)
        #expect(restarted[lease(5)]?.expiry == nil)
        #expect(!restarted.isPrimary && !restarted.hasAttachments)
    }

    @Test func theKeyOfAStoredLeaseIsItsBigEndianID() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(0x0102_0304_0506_0708, seconds: 60)
        _ = try fixture.restarted()
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        let stored = try reading.bucket(bytes("lease"))?.get([1, 2, 3, 4, 5, 6, 7, 8])
        // leasepb.Lease: field 1 id, field 2 ttl; an absent remaining TTL is not encoded.
        #expect(stored == [8, 0x88, 0x8E, 0x98, 0xA8, 0xC0, 0xE0, 0x80, 0x81, 1, 16, 60])
    }

    @Test func raisesStoredTTLsToTheMinimum() throws {
        var fixture = try LeaseFixture()
        try fixture.grant(1, seconds: 10)
        let restarted = try fixture.restarted(ttlSecondsMin: 15)
        // The file is from a member with shorter elections: the minimum of this one applies.
        #expect(restarted[lease(1)]?.grantedSeconds == 15)
    }
}
