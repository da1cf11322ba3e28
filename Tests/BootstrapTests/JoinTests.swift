import InitialMembers
@testable import ServerLogging
@testable import Configuration
@testable import Bootstrap
import Disk
import EtcdAPI
import Identifiers
import Membership
import Testing

@testable import EtcdServer

/// Bootstrapping and joining a cluster, with canned responses of the other members.
@Suite("Bootstrapping and joining a cluster")
struct JoinTests {
    private static let urls = [
        "one": "http://127.0.0.1:42180", "two": "http://127.0.0.1:42181",
        "three": "http://127.0.0.1:42182",
    ]

    /// A member of three on a disk in memory.
    private func fixture(
        _ state: InitialClusterState = .new, responses: [String: String] = [:],
        clusterID: String = "c1"
    ) throws -> BootstrapFixture {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        fixture.configuration.initialCluster =
            ["two", "three", "one"].map { "\($0)=\(Self.urls[$0] ?? "")" }.joined(separator: ",")
        fixture.configuration.initialClusterState = state
        fixture.peers = ClusterProbe { url, path, _ in
            guard let response = responses[url + path] else {
                throw UnreachablePeer(address: url + path)
            }
            return ClusterProbe.Response(clusterID: clusterID, body: bytes(response))
        }
        return fixture
    }

    private func members(
        _ edits: (inout [Member]) -> Void = { _ in }
    ) -> String {
        var list = [
            Member(id: .init(rawValue: 0x11), peerURLs: ["http://127.0.0.1:42180"]),
            Member(
                id: .init(rawValue: 0x12), peerURLs: ["http://127.0.0.1:42181"], name: "two",
                clientURLs: ["http://127.0.0.1:2"]),
            Member(
                id: .init(rawValue: 0x13), peerURLs: ["http://127.0.0.1:42182"], name: "three",
                clientURLs: ["http://127.0.0.1:3"]),
        ]
        edits(&list)
        return "[\(list.map(\.json).joined(separator: ","))]"
    }

    /// Responses of member two only.
    private func responses(
        members: String, version: String = #"{"etcdserver":"3.5.1","etcdcluster":"3.5.0"}"#,
        downgrade: String = "false"
    ) -> [String: String] {
        let url = "http://127.0.0.1:42181"
        return [
            url + "/members": members, url + "/version": version,
            url + "/downgrade/enabled": downgrade,
        ]
    }

    @Test func threeInitialMembersDeriveTheSameCluster() async throws {
        var clusters: Set<ClusterID> = []
        for name in ["one", "two", "three"] {
            let fixture = try fixture()
            fixture.configuration.name = name
            fixture.configuration.initialAdvertisePeerURLs = try EndpointURLList(
                flagText: Self.urls[name] ?? "")
            let member = try await fixture.start()
            defer { fixture.stop(member) }
            clusters.insert(member.clusterID)
            #expect(member.isNew && member.remotes.isEmpty)
            #expect(member.members.count == 3)
            #expect(member.members.first { $0.name == name }?.id == member.localID)
            #expect(member.members.map(\.id) == member.members.map(\.id).sorted())
            #expect(member.parts.replica.lastIndex == LogIndex(3))
            #expect(!member.parts.replica.canCampaign, "before it has applied the initial members")
        }
        #expect(clusters.count == 1)
    }

    @Test func anInitialMemberThatHasServedClientsIsNotBootstrappedAgain() async throws {
        let first = try fixture()
        let member = try await first.start()
        let id = member.localID
        first.stop(member)
        let known = members { list in
            list[0] = Member(
                id: id, peerURLs: list[0].peerURLs, name: "one",
                clientURLs: ["http://127.0.0.1:1"])
        }
        let again = try fixture(responses: responses(members: known))
        #expect(try await again.refusal() == "member \(id) has already been bootstrapped")
        let unpublished = members { list in
            list[0] = Member(id: id, peerURLs: list[0].peerURLs)
        }
        #expect(try await fixture(responses: responses(members: unpublished)).refusal() == nil)
    }

    @Test func aJoiningMemberTakesTheIDsOfTheCluster() async throws {
        let fixture = try fixture(.existing, responses: responses(members: members()))
        let member = try await fixture.start()
        #expect(member.isNew)
        #expect(member.localID.rawValue == 0x11 && member.clusterID.rawValue == 0xc1)
        #expect(member.members.map(\.id.rawValue) == [0x11, 0x12, 0x13])
        #expect(member.members.map(\.name) == ["one", "two", "three"])
        #expect(member.remotes.map(\.clientURLs).last == ["http://127.0.0.1:3"])
        #expect(member.parts.replica.lastIndex == .zero)
        #expect(!member.parts.replica.canCampaign)
        #expect(member.parts.state.membership.members.isEmpty)
        fixture.stop(member)

        // It keeps waiting after a restart, even if no member is reachable.
        fixture.peers = ClusterProbe { url, path, _ in throw UnreachablePeer(address: url + path) }
        let again = try await fixture.start()
        defer { fixture.stop(again) }
        #expect(!again.isNew && again.localID == member.localID)
        #expect(again.clusterID == member.clusterID)
        #expect(again.parts.replica.lastIndex == .zero && !again.parts.replica.canCampaign)
    }

    @Test func refusesToJoinAnInconsistentCluster() async throws {
        let unreachable = try fixture(.existing)
        #expect(
            try await unreachable.refusal()
                == "cannot fetch cluster info from peer urls: could not retrieve cluster "
                + "information from the given URLs")
        let empty = try fixture(.existing, responses: responses(members: "[]"))
        #expect(
            try await empty.refusal()
                == "cannot fetch cluster info from peer urls: failed to get raft cluster "
                + "member(s) from the given URLs")
        let nameless = try fixture(
            .existing, responses: responses(members: members()), clusterID: "no id")
        #expect(
            try await nameless.refusal()?.hasSuffix(
                "could not retrieve cluster information from the given URLs") == true)
        let fewer = try fixture(
            .existing, responses: responses(members: members { $0.removeLast() }))
        #expect(
            try await fewer.refusal()
                == "error validating peerURLs {ClusterID:c1 Members:[&{ID:11 RaftAttributes:"
                + "{PeerURLs:[http://127.0.0.1:42180] IsLearner:false} Attributes:{Name: "
                + "ClientURLs:[]}} &{ID:12 RaftAttributes:{PeerURLs:[http://127.0.0.1:42181] "
                + "IsLearner:false} Attributes:{Name:two ClientURLs:[http://127.0.0.1:2]}}] "
                + "RemovedMemberIDs:[]}: member count is unequal")
        let elsewhere = try fixture(
            .existing,
            responses: responses(members: members { $0[2].peerURLs = ["http://127.0.0.1:9"] }))
        #expect(
            try await elsewhere.refusal()?.hasSuffix(
                "PeerURLs: no match found for existing member (13, [http://127.0.0.1:9]), last "
                    + "resolver error (resolved urls: \"http://127.0.0.1:9\" != "
                    + "\"http://127.0.0.1:42182\")") == true)
        let unlisted = try fixture(.existing)
        unlisted.configuration.name = "four"
        #expect(
            try await unlisted.refusal()
                == "couldn't find local name \"four\" in the initial cluster configuration")
        let learners = try fixture(
            .existing,
            responses: responses(
                members: members { for index in 0...1 { $0[index].isLearner = true } })
        )
        #expect(
            try await learners.refusal() == "membership: too many learner members in cluster")
    }

    @Test(arguments: [
        (#"{"etcdserver":"3.7.1","etcdcluster":"3.7.0"}"#, "false", true),
        (#"{"etcdserver":"3.5.1","etcdcluster":"3.5.0"}"#, "false", true),
        (#"{"etcdserver":"3.0.0","etcdcluster":"3.0.0"}"#, "404 page not found", true),
        (#"{"etcdserver":"2.3.0","etcdcluster":"2.3.0"}"#, "false", false),
        (#"{"etcdserver":"3.8.0","etcdcluster":"3.8.0"}"#, "false", false),
        (#"{"etcdserver":"3.8.0","etcdcluster":"3.8.0"}"#, "true", true),
        (#"{"etcdserver":"3.7.1","etcdcluster":"3.7.0"}"#, "true", false),
        (#"{"etcdserver":"3.7.1","etcdcluster":"not_decided"}"#, "false", false),
        ("[]", "false", false),
    ])
    func joinsOnlySupportedVersions(_ version: String, _ downgrade: String, _ isSupported: Bool)
        async throws
    {
        let fixture = try fixture(
            .existing,
            responses: responses(members: members(), version: version, downgrade: downgrade))
        #expect(
            try await fixture.refusal()
                == (isSupported ? nil : "incompatible with current running cluster"))
    }

    @Test func hostNamesAreComparedByAddress() async throws {
        let comparison = PeerURLComparison(
            logger: ServerLogger(destination: LogDestination(outputs: [])), deadline: .now)
        #expect(
            try await comparison.difference(
                ["http://127.0.0.1:1", "http://[::1]:2"],
                ["http://[0:0:0:0:0:0:0:1]:2", "http://127.0.0.1:1"]) == nil)
        #expect(
            try await comparison.difference(["http://localhost:1"], ["http://localhost:1"]) == nil)
        #expect(
            try await comparison.difference(["http://127.0.0.1:1"], ["https://127.0.0.1:1"])
                != nil)
        #expect(
            try await comparison.difference(["http://127.0.0.1:1"], ["ftp://127.0.0.1:1"])
                == "failed to parse string to URL: \"ftp://127.0.0.1:1\"")
        #expect(
            try await comparison.difference(["http://127.0.0.1:1"], ["http://no.such.invalid:1"])?
                .hasPrefix("failed to resolve \"http://no.such.invalid:1\" (lookup") == true)
    }
}
