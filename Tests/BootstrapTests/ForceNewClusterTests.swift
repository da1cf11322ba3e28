@testable import Bootstrap
import Disk
import EtcdAPI
import Identifiers
import Membership
import Testing
import WriteAheadLog

@testable import EtcdServer

/// `--force-new-cluster` on a member of a cluster that is lost.
@Suite("Forcing a new cluster")
struct ForceNewClusterTests {
    private static let others = [MemberID(rawValue: 0x22), .init(rawValue: 0xaa)]

    /// A single member whose log adds other members, as a leader's would.
    private func survivor() async throws -> (BootstrapFixture, MemberID) {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        let member = try await fixture.start()
        try fixture.run(member)
        try fixture.put(["a", "b"], on: member)
        try fixture.change(
            [
                .init(type: .addNode, nodeID: Self.others[0].rawValue, context: context(0)),
                .init(
                    type: .addLearnerNode, nodeID: Self.others[1].rawValue,
                    context: context(1, isLearner: true)),
            ], on: member)
        let id = member.localID
        fixture.stop(member)
        fixture.configuration.forceNewCluster = true
        return (fixture, id)
    }

    private func context(_ index: Int, isLearner: Bool = false) -> [UInt8] {
        Array(
            MemberChangeContext(
                member: Member(
                    id: Self.others[index], peerURLs: ["http://127.0.0.1:\(index + 1)"],
                    isLearner: isLearner), isPromotion: false
            ).json.utf8)
    }

    @Test func allOtherVotersAndLearnersAreRemoved() async throws {
        let (fixture, id) = try await survivor()
        let member = try await fixture.start()
        #expect(member.localID == id)
        #expect(member.members.count == 3, "until the changes are applied")
        #expect(member.parts.log.lastIndex == 8)
        #expect(member.parts.log.hardState.commit == 8, "and they are committed for good")
        try fixture.run(member)
        #expect(member.parts.state.membership.members.map(\.id) == [id])
        #expect(member.parts.state.membership.removed == Set(Self.others))
        #expect(member.parts.state.appliedIndex == 9, "it leads alone")
        #expect(try fixture.value(of: "b", on: member) == "b")
        let clusterID = member.clusterID
        fixture.stop(member)

        fixture.configuration.forceNewCluster = false
        let again = try await fixture.start()
        defer { fixture.stop(again) }
        #expect(again.clusterID == clusterID && again.members.map(\.id) == [id])
        try fixture.run(again)
        #expect(again.parts.state.appliedIndex == 10)
    }

    @Test func uncommittedEntriesAreDropped() async throws {
        let (fixture, id) = try await survivor()
        fixture.configuration.forceNewCluster = false
        let before = try await fixture.start()
        let term = before.parts.log.hardState.term
        let uncommitted = (7...9).map {
            RaftEntry(type: .normal, term: term, index: $0, data: bytes("lost"))
        }
        try before.parts.log.append(entries: uncommitted, hardState: nil)
        fixture.stop(before)
        fixture.configuration.forceNewCluster = true
        let member = try await fixture.start()
        #expect(member.parts.replica.lastIndex == LogIndex(8))
        try fixture.run(member)
        #expect(member.parts.state.membership.members.map(\.id) == [id])
        #expect(member.parts.state.appliedIndex == 9)
        fixture.stop(member)
    }

    @Test func appliedEntriesCountAsCommittedRegardlessOfTheCommitIndex() async throws {
        let (fixture, id) = try await survivor()
        // The commit index of the log lags behind what was applied.
        fixture.configuration.forceNewCluster = false
        let before = try await fixture.start()
        var state = before.parts.log.hardState
        state.commit = 2
        try before.parts.log.append(entries: [], hardState: state)
        fixture.stop(before)
        fixture.configuration.forceNewCluster = true
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(member.parts.log.hardState.commit == 8)
        try fixture.run(member)
        #expect(try fixture.value(of: "b", on: member) == "b")
        #expect(member.parts.state.membership.members.map(\.id) == [id])
    }

    @Test func aRemainingLearnerBecomesTheVoter() async throws {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        fixture.configuration.initialClusterState = .existing
        let own = fixture.configuration.initialCluster
        fixture.configuration.initialCluster = own + ",two=http://127.0.0.1:1"
        let learner = Member(
            id: .init(rawValue: 7), peerURLs: ["http://127.0.0.1:42180"], isLearner: true)
        let voter = Member(
            id: .init(rawValue: 9), peerURLs: ["http://127.0.0.1:1"], name: "two",
            clientURLs: ["http://127.0.0.1:2"])
        fixture.peers = ClusterProbe { _, path, _ in
            let body =
                switch path {
                case "/members": "[\(learner.json),\(voter.json)]"
                case "/version": #"{"etcdserver":"3.7.1","etcdcluster":"3.7.0"}"#
                default: "false"
                }
            return .init(clusterID: "c1", body: bytes(body))
        }
        let joined = try await fixture.start()
        try fixture.change(
            [
                .init(type: .addNode, nodeID: 9, context: Array(voter.json.utf8)),
                .init(type: .addLearnerNode, nodeID: 7, context: Array(learner.json.utf8)),
            ], on: joined)
        fixture.stop(joined)
        fixture.configuration.forceNewCluster = true
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        try fixture.run(member)
        let left = member.parts.state.membership
        #expect(left.members.map(\.id) == [learner.id])
        #expect(left.local?.isLearner == false)
        #expect(left.removed == [voter.id])
        #expect(member.parts.state.appliedIndex == 5, "it leads alone")
    }

    @Test func aSingleMemberIsUnchanged() async throws {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        let first = try await fixture.start()
        try fixture.run(first)
        fixture.stop(first)
        fixture.configuration.forceNewCluster = true
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(member.parts.log.lastIndex == 2)
        try fixture.run(member)
        #expect(member.parts.state.appliedIndex == 3)
    }
}
