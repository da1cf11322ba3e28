@testable import ServerLogging
@testable import Configuration
@testable import Bootstrap
import Bolt
import Auth
import Disk
import EtcdAPI
import Glibc
import Identifiers
import Membership
import Replica
import StateMachine
import Testing
import WriteAheadLog

@testable import EtcdServer

@Suite("Bootstrap", .serialized)
struct BootstrapTests {
    @Test func bootstrapsANewClusterInAnEmptyDirectory() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(member.isNew)
        #expect(member.localID.description == "fcef5a85db9fa8dd")
        #expect(member.clusterID == ClusterID(initialMembers: [member.localID]))
        #expect(member.parts.replica.lastIndex == LogIndex(1))
        #expect(member.parts.state.appliedIndex == 0)
        let reading = member.parts.state.bolt.beginRead()
        defer { reading.end() }
        var names: [String] = []
        try reading.forEachBucket { name, _ in names.append(String(decoding: name, as: UTF8.self)) }
        #expect(
            names == [
                "alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members",
                "members_removed", "meta",
            ])
    }

    @Test func restartKeepsTheIdentityRegardlessOfFlags() async throws {
        let fixture = try BootstrapFixture()
        let first = try await fixture.start()
        try fixture.run(first)
        #expect(first.parts.state.appliedIndex == 2)
        fixture.stop(first)
        fixture.configuration.initialClusterToken = "other"
        try fixture.setPeerURL("http://127.0.0.1:9")
        let second = try await fixture.start()
        defer { fixture.stop(second) }
        #expect(!second.isNew)
        #expect(second.localID == first.localID && second.clusterID == first.clusterID)
        #expect(second.parts.state.appliedIndex == 2)
        #expect(second.parts.replica.lastIndex == LogIndex(2))
        #expect(second.parts.state.membership.local?.peerURLs == ["http://127.0.0.1:42180"])
        #expect(second.parts.replica.canCampaign)
        try fixture.run(second)
        #expect(second.parts.state.appliedIndex == 3, "and leads again")
    }

    @Test func committedEntriesThatWereNotAppliedAreApplied() async throws {
        let fixture = try BootstrapFixture()
        let first = try await fixture.start()
        try fixture.run(first)
        let put = PutRequest(key: bytes("k")[...], value: bytes("v")[...]).encoded()
        let data = put.withUnsafeBytes {
            InternalRaftRequest.wrap(id: 1, field: InternalRaftRequest.Field.put, payload: $0)
        }
        let term = first.parts.log.hardState.term
        try first.parts.log.append(
            entries: [RaftEntry(type: .normal, term: term, index: 3, data: data)],
            hardState: RaftHardState(term: term, vote: first.localID.rawValue, commit: 3))
        try first.parts.log.synchronize()
        fixture.stop(first)
        let second = try await fixture.start()
        defer { fixture.stop(second) }
        #expect(second.parts.state.appliedIndex == 2)
        try fixture.run(second)
        let value = try bytes("k").withUnsafeBytes {
            try second.parts.state.store.keyValue(of: $0, at: 2)
        }
        #expect(try KeyValue(decoding: try #require(value)).value == bytes("v")[...])
    }

    @Test func anEmptyLogIsBootstrappedAgain() async throws {
        let fixture = try BootstrapFixture()
        let first = try await fixture.start()
        fixture.stop(first)
        let second = try await fixture.start()
        #expect(second.localID == first.localID && second.clusterID == first.clusterID)
        #expect(second.parts.replica.lastIndex == LogIndex(1))
        try fixture.run(second)
        #expect(second.parts.state.membership.local?.id == first.localID)
        fixture.stop(second)

        let other = try BootstrapFixture()
        other.stop(try await other.start())
        try other.setPeerURL("http://127.0.0.1:9")
        #expect(
            try await other.refusal()
                == "the log is empty, and the initial cluster does not name its member; if it was "
                + "joining a cluster, start it with --initial-cluster-state=existing")
    }

    @Test func aTornLastWriteIsTruncated() async throws {
        let fixture = try BootstrapFixture()
        let first = try await fixture.start()
        try fixture.run(first)
        let term = first.parts.log.hardState.term
        try first.parts.log.append(
            entries: [
                RaftEntry(
                    type: .normal, term: term, index: 3,
                    data: Array(repeating: 0xAA, count: 3_000))
            ], hardState: nil)
        fixture.stop(first)
        try tear(fixture)
        let second = try await fixture.start()
        defer { fixture.stop(second) }
        #expect(second.localID == first.localID)
        #expect(second.parts.replica.lastIndex == LogIndex(2))
        #expect(second.parts.state.appliedIndex == 2)
        #expect(try fixture.disk.list(fixture.log).contains { $0.hasSuffix(".broken") })
        try fixture.run(second)
        #expect(second.parts.state.appliedIndex == 3)
    }

    /// Truncates the log's only segment in the middle of its last record.
    private func tear(_ fixture: BootstrapFixture) throws {
        let names = try fixture.disk.list(fixture.log).filter { $0.hasSuffix(".wal") }
        let file = try fixture.disk.open(
            fixture.log + "/" + (try #require(names.first)), .readWrite)
        defer { file.close() }
        var content = [UInt8](repeating: 0, count: 1 << 20)
        let count = try content.withUnsafeMutableBytes { try file.read(into: $0, at: 0) }
        let end = try #require(content.prefix(count).lastIndex { $0 == 0xAA })
        try file.truncate(to: end - 1_000)
    }

    @Test func refusesAnInconsistentInitialCluster() async throws {
        let fixture = try BootstrapFixture()
        fixture.configuration.initialCluster = "two=http://127.0.0.1:42180"
        #expect(
            try await fixture.refusal()
                == "couldn't find local name \"one\" in the initial cluster configuration")
        fixture.configuration.initialCluster = "one=http://127.0.0.1:1"
        #expect(
            try await fixture.refusal()
                == "--initial-cluster has one=http://127.0.0.1:1 but missing from "
                + "--initial-advertise-peer-urls=http://127.0.0.1:42180 (resolved urls: "
                + "\"http://127.0.0.1:42180\" != \"http://127.0.0.1:1\")")
        fixture.configuration.initialCluster =
            "one=http://127.0.0.1:42180,one=http://127.0.0.1:1"
        #expect(
            try await fixture.refusal()
                == "--initial-cluster has one=http://127.0.0.1:1 but missing from "
                + "--initial-advertise-peer-urls=http://127.0.0.1:42180 "
                + "(len([\"http://127.0.0.1:42180\"]) != "
                + "len([\"http://127.0.0.1:1\" \"http://127.0.0.1:42180\"]))")
        fixture.configuration.initialAdvertisePeerURLs = try EndpointURLList(
            flagText: "http://127.0.0.1:1,http://127.0.0.1:42180")
        fixture.configuration.initialCluster = "one=http://127.0.0.1:42180"
        #expect(
            try await fixture.refusal()
                == "--initial-advertise-peer-urls has http://127.0.0.1:1 but missing from "
                + "--initial-cluster=one=http://127.0.0.1:1,one=http://127.0.0.1:42180")
        fixture.configuration.initialAdvertisePeerURLs = try EndpointURLList(
            flagText: "http://127.0.0.1:42180")
        fixture.configuration.initialCluster =
            "one=http://127.0.0.1:42180,two=http://127.0.0.1:42180"
        #expect(
            try await fixture.refusal()
                == "initial cluster one=http://127.0.0.1:42180,two=http://127.0.0.1:42180 "
                + "has duplicate url")
        #expect(
            !fixture.disk.exists(fixture.configuration.dataDirectory),
            "a refused start leaves nothing behind")
    }

    @Test func aNewDatabaseHasTheFirstAuthRevision() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        try fixture.run(member)
        #expect(member.parts.state.auth.revision == 1)
        #expect(try fixture.stored("auth", "authRevision", of: member) == [0, 0, 0, 0, 0, 0, 0, 1])
        fixture.stop(member)
        // One that lacks it gets it, as from etcd.
        try fixture.edit("auth", "authRevision", [0, 0, 0, 0, 0, 0, 0, 0])
        let again = try await fixture.start()
        #expect(try fixture.stored("auth", "authRevision", of: again) == [0, 0, 0, 0, 0, 0, 0, 1])
        fixture.stop(again)
        try fixture.edit("auth", "authRevision", [0, 0, 0, 0, 0, 0, 0, 9])
        let later = try await fixture.start()
        #expect(later.parts.state.auth.revision == 9)
        fixture.stop(later)
    }

    @Test func aDatabaseWithAuthenticationEnabledIsServedWithIt() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        try fixture.run(member)
        fixture.stop(member)
        try fixture.edit("auth", "authEnabled", [1])
        let again = try await fixture.start()
        #expect(again.parts.state.auth.isEnabled && again.parts.state.store.auth != nil)
        fixture.stop(again)
    }

    @Test func refusesADatabaseWithAMalformedUser() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        try fixture.run(member)
        fixture.stop(member)
        try fixture.edit("authUsers", "a", [0xFF])
        await #expect {
            _ = try await fixture.start()
        } throws: {
            "\($0)" == "corrupt database: malformed record [97]"
        }
    }

    @Test func refusesADatabaseOfALaterVersion() async throws {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        let member = try await fixture.start()
        try fixture.run(member)
        fixture.stop(member)
        try fixture.edit("meta", "storageVersion", bytes("3.8.0"))
        #expect(
            try await fixture.refusal()
                == "the database is written for version 3.8, and this server serves versions up "
                + "to 3.7")
    }

    @Test func refusesAnUnsupportedClusterVersionAndTooManyLearners() async throws {
        let fixture = try BootstrapFixture("/one", on: MemoryDisk(seed: 1))
        let member = try await fixture.start()
        try fixture.run(member)
        fixture.stop(member)
        try fixture.edit("cluster", "clusterVersion", bytes("3.8.0"))
        #expect(
            try await fixture.refusal()?.hasPrefix(
                "invalid downgrade; server version is lower than determined cluster version")
                == true)
        try fixture.edit("cluster", "clusterVersion", bytes("3.7.0"))
        for id in 2...3 as ClosedRange<UInt64> {
            let learner = Member(
                id: .init(rawValue: id), peerURLs: ["http://127.0.0.1:\(id)"], isLearner: true)
            try fixture.edit("members", "\(id)", bytes(learner.json))
        }
        #expect(
            try await fixture.refusal() == "membership: too many learner members in cluster")
    }

    @Test func refusesADatabaseThatAnotherProcessHasOpen() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        defer { fixture.stop(member) }
        #expect(
            try await fixture.refusal()
                == "another process has the database open: \(fixture.database)")
    }

    @Test func refusesADatabaseThatIsAheadOfTheLog() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        try fixture.run(member)
        fixture.stop(member)
        try fixture.edit("meta", "consistent_index", [0, 0, 0, 0, 0, 0, 0, 9])
        await #expect(throws: (any Error).self) { _ = try await fixture.start() }
    }

    @Test func refusesAProxysDirectoryAndRemovesLeftovers() async throws {
        let fixture = try BootstrapFixture()
        let member = try await fixture.start()
        fixture.stop(member)
        let leftover = fixture.database + ".tmp.17"
        try fixture.disk.open(leftover, .createNew(permissions: 0o600)).close()
        fixture.stop(try await fixture.start())
        #expect(!fixture.disk.exists(leftover))
        try fixture.disk.createDirectory(
            fixture.configuration.dataDirectory + "/proxy", permissions: 0o700)
        #expect(
            try await fixture.refusal()
                == "invalid datadir. Both member and proxy directories exist.")
    }

    @Test func requestIDsDifferBetweenMembersAndRuns() async throws {
        let fixture = try BootstrapFixture()
        let logger = ServerLogger(destination: LogDestination(outputs: []))
        func first(_ id: UInt64, at time: Int64) -> UInt64 {
            MemberBootstrap(
                fixture.configuration, disk: fixture.disk, logger: logger,
                startUnixMilliseconds: time, peers: fixture.peers
            ).requestNumber(.init(rawValue: id))
        }
        #expect(first(0xABCD_1234, at: 1) == 0x1234_0000_0000_0100)
        #expect(first(1, at: 1 << 40 | 5) == 0x0001_0000_0000_0500)
        #expect(first(1, at: 5) != first(1, at: 6))
    }
}
