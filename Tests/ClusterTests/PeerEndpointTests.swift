import GRPCServices
import Dispatch
import EtcdAPI
import Identifiers
import PeerTransport
import SwiftProtobuf
import Testing

@testable import EtcdServer

@Suite("Peer endpoints", .serialized)
struct PeerEndpointTests {
    @Test func listMembers() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let response = try await fixture.request("GET", "/members")
        #expect(response.status == 200)
        #expect(
            response.content
                == "[{\"id\":\(fixture.localID.rawValue),\"peerURLs\":[\"http://127.0.0.1:42180\"],"
                + "\"name\":\"one\",\"clientURLs\":[\"http://127.0.0.1:1\"]}]\n")
        #expect(response.headers.first(name: "Content-Type") == "application/json")
        #expect(
            response.headers.first(name: "X-Etcd-Cluster-ID") == fixture.clusterID.description)
        let wrong = try await fixture.request("POST", "/members")
        #expect(wrong.status == 405 && wrong.headers.first(name: "Allow") == "GET")
        #expect(wrong.content == "Method Not Allowed\n")
        for path in ["/", "/members/", "/health", "/metrics"] {
            let missing = try await fixture.request("GET", path)
            #expect(missing.status == 404 && missing.content == "404 page not found\n")
        }
        try await fixture.stop()
    }

    @Test func reportVersions() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let before = try await fixture.request("GET", "/version")
        #expect(
            before.content
                == #"{"etcdserver":"3.7.1","etcdcluster":"not_decided","storage":"3.5.0"}"#)
        #expect(before.headers.contains(name: PeerCalls.programHeader))
        var version = Membershippb_ClusterVersionSetRequest()
        version.ver = "3.7.0"
        _ = try await fixture.propose(
            InternalRaftRequest.Field.clusterVersionSet, version.serializedBytes())
        let after = try await fixture.request("GET", "/version")
        #expect(
            after.content == #"{"etcdserver":"3.7.1","etcdcluster":"3.7.0","storage":"3.7.0"}"#)
        let isEnabled = try await fixture.request("GET", "/downgrade/enabled")
        #expect(isEnabled.status == 200 && isEnabled.content == "false")
        #expect(isEnabled.headers.first(name: "Content-Type") == "text/plain")
        try await fixture.stop()
    }

    @Test func hashTheKeys() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let empty = try await fixture.request("GET", "/members/hashkv", body: Array("{}".utf8))
        // The hash of an empty store at revision 1, as etcd has it.
        #expect(
            empty.content
                == #"{"header":{"revision":1},"hash":1084519789,"compact_revision":-1,"hash_revision":1}"#
        )
        let membership = try await fixture.runtime.readState { $0.membership }
        #expect(await fixture.calls.hashes(of: membership, at: 0).isEmpty)
        let future = try await fixture.request(
            "GET", "/members/hashkv", body: Array(#"{"revision":9}"#.utf8))
        #expect(future.status == 400)
        #expect(future.content == "mvcc: required revision is a future revision\n")
        let other = try await fixture.request(
            "GET", "/members/hashkv", headers: ["X-Etcd-Cluster-ID": "1"],
            body: Array("{}".utf8))
        #expect(other.status == 412 && other.content == "cluster ID mismatch\n")
        let nonsense = try await fixture.request("GET", "/members/hashkv", body: [0xFF])
        #expect(nonsense.status == 400 && nonsense.content == "error unmarshalling request\n")
        try await fixture.stop()
    }

    /// A hash reads all keys: it must not run on the backend thread.
    @Test func hashesDoNotRunOnTheBackendThread() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let isDone = DispatchSemaphore(value: 0)
        fixture.runtime.onBackend { _ in isDone.wait() }
        let hash = try await fixture.request("GET", "/members/hashkv", body: Array("{}".utf8))
        #expect(hash.status == 200 && hash.content.contains("1084519789"))
        isDone.signal()
        try await fixture.stop()
    }

    @Test func renewLeasesForOthers() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        _ = try await fixture.propose(
            InternalRaftRequest.Field.leaseGrant,
            LeaseGrantRequest(ttlSeconds: 100, id: 7).encoded())
        let leader = fixture.asLeader()
        #expect(try await fixture.calls.renewLease(7, at: leader, within: .seconds(9)) == 100)
        var request = Etcdserverpb_LeaseTimeToLiveRequest()
        request.id = 7
        request.keys = true
        let found = try await fixture.calls.timeToLive(
            request, at: leader, within: .seconds(9))
        #expect(found.grantedTtl == 100 && found.ttl > 90 && found.hasHeader)
        request.id = 8
        await #expect(throws: LeaderCallError.rejected(.leaseNotFound)) {
            try await fixture.calls.timeToLive(request, at: leader, within: .seconds(9))
        }
        await #expect(throws: LeaderCallError.rejected(.leaseNotFound)) {
            try await fixture.calls.renewLease(8, at: leader, within: .seconds(9))
        }
        let wrong = try await fixture.request("GET", "/leases")
        #expect(wrong.status == 405 && wrong.headers.first(name: "Allow") == nil)
        let large = try await fixture.request(
            "POST", "/leases", body: [UInt8](repeating: 0, count: (64 << 10) + 1))
        #expect(large.status == 413)
        let nonsense = try await fixture.request("POST", "/leases/internal", body: [0xFF])
        #expect(nonsense.status == 400)
        try await fixture.stop()
    }

    @Test func promoteOnlyLearnersThatExist() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let unknown = try await fixture.request("POST", "/members/promote/77")
        #expect(unknown.status == 404 && unknown.content == "membership: ID not found\n")
        let nonsense = try await fixture.request("POST", "/members/promote/abc")
        #expect(nonsense.status == 404 && nonsense.content == "member abc not found in cluster\n")
        let voter = try await fixture.request(
            "POST", "/members/promote/\(fixture.localID.rawValue)")
        #expect(voter.status == 412)
        #expect(voter.content == "membership: can only promote a learner member\n")
        await #expect(throws: LeaderCallError.rejected(.memberNotLearner)) {
            try await fixture.calls.promote(
                fixture.localID, at: fixture.asLeader(), token: nil, within: .seconds(9))
        }
        await #expect(throws: LeaderCallError.rejected(.memberNotFound)) {
            try await fixture.calls.promote(
                MemberID(rawValue: 77), at: fixture.asLeader(), token: nil,
                within: .seconds(9))
        }
        try await fixture.stop()
    }

    @Test func learnersJoinAndAreChecked() async throws {
        let fixture = try await ClusterFixture()
        try await fixture.start()
        let changes = fixture.services.context.members
        let (learner, members) = try await changes.add(
            ["http://127.0.0.1:2", "http://127.0.0.1:1"], isLearner: true)
        #expect(learner.peerURLs == ["http://127.0.0.1:1", "http://127.0.0.1:2"])
        #expect(members.count == 2 && members.contains(learner))
        await #expect(throws: EtcdError.tooManyLearners) {
            try await changes.add(["http://127.0.0.1:3"], isLearner: true)
        }
        await #expect(throws: EtcdError.peerURLExists) {
            try await changes.add(["http://127.0.0.1:1"], isLearner: false)
        }
        await #expect(throws: EtcdError.learnerNotReady) {
            try await changes.promote(
                learner.id, by: CallCredentials(token: nil, commonName: nil))
        }
        for urls in [[], ["nonsense"], ["http://a"], ["http://a:1/path"], ["http://a:1", ""]] {
            await #expect(throws: EtcdError.memberBadURLs) {
                try await changes.add(urls, isLearner: false)
            }
        }
        let moved = try await changes.update(learner.id, peerURLs: ["http://127.0.0.1:4"])
        #expect(moved.contains { $0.peerURLs == ["http://127.0.0.1:4"] && $0.isLearner })
        #expect(try await changes.remove(learner.id).map(\.id) == [fixture.localID])
        await #expect(throws: EtcdError.memberNotFound) { try await changes.remove(learner.id) }
        await #expect(throws: EtcdError.memberNotEnoughStarted) {
            try await changes.remove(fixture.localID)
        }
        try await fixture.stop()
    }
}
