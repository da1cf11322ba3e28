import EtcdAPI
import GRPCServices
import Membership
import NIOCore
import Testing

@testable import EtcdServer

@Suite("Many lease renewals", .serialized)
struct RenewalBatchTests {
    @Test func numbersKeepTheirOrder() {
        let numbers: [Int64] = [0, 1, -1, .max, .min, 0x0102_0304_0506_0708]
        let bytes = RenewalBatch.encode(numbers)
        #expect(bytes.suffix(8) == [8, 7, 6, 5, 4, 3, 2, 1])
        #expect(RenewalBatch.decode(bytes) == numbers)
        #expect(RenewalBatch.decode([]) == [])
        for count in 1..<8 { #expect(RenewalBatch.decode(Array(bytes.dropLast(count))) == nil) }
    }

    /// The first requests go separately; then the leader has said that it takes many together.
    @Test func leasesAreRenewedSeparatelyAndTogether() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        for id in [7, 9] as [Int64] {
            _ = try await fixture.propose(
                InternalRaftRequest.Field.leaseGrant,
                LeaseGrantRequest(ttlSeconds: 100, id: id).encoded())
        }
        for _ in 0..<3 {
            #expect(try await renew([7, 8, 9], at: fixture) == [100, nil, 100])
            #expect(try await renew([9], at: fixture) == [100])
        }
        let response = try await fixture.request(
            "POST", "/leases/renewals", body: RenewalBatch.encode([8, 9]))
        #expect(response.status == 200 && RenewalBatch.decode(response.body) == [0, 100])
        let malformed = try await fixture.request("POST", "/leases/renewals", body: [1, 2, 3])
        #expect(malformed.status == 400)
        try await fixture.stop()
    }

    /// A leader that stopped taking them together, as after a return to etcd, is asked separately.
    @Test func nobodyResponds() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        _ = try await fixture.propose(
            InternalRaftRequest.Field.leaseGrant,
            LeaseGrantRequest(ttlSeconds: 100, id: 7).encoded())
        #expect(try await renew([7, 7], at: fixture) == [100, 100])
        var other = fixture.asLeader()
        other.peerURLs = ["http://127.0.0.1:1"]
        #expect(try await renew([7, 7], at: fixture, as: other) == [nil, nil])
        other.peerURLs = []
        #expect(try await renew([7, 7], at: fixture, as: other) == [nil, nil])
        #expect(try await renew([7, 7], at: fixture) == [100, 100])
        try await fixture.stop()
    }

    private func renew(
        _ ids: [Int64], at fixture: ClusterFixture, as leader: Member? = nil
    ) async throws -> [Int64?] {
        let (calls, loop) = (fixture.calls, fixture.group.any())
        let leader = leader ?? fixture.asLeader()
        return await withCheckedContinuation { continuation in
            loop.execute {
                calls.renewLeases(ids, at: leader, on: loop) { continuation.resume(returning: $0) }
            }
        }
    }
}
