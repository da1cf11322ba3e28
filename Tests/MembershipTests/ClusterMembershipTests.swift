import Bolt
import Disk
import EtcdAPI
import Testing

@testable import Membership

@Suite("Membership")
struct ClusterMembershipTests {
    @Test func keepsMembersAscendingAndRestoresThem() throws {
        var fixture = try MembershipFixture()
        fixture.add(0xFF, "http://c:1")
        fixture.add(1, "http://a:1")
        fixture.add(0x10, "http://b:1", isLearner: true)
        fixture.add(0x20, "http://d:1")
        fixture.membership.publish(
            name: "a <1>", clientURLs: ["http://x:1"], of: id(1), into: &fixture.batch)
        fixture.membership.promote(id(0x10), into: &fixture.batch)
        fixture.membership.setPeerURLs(["http://e:1"], of: id(0xFF), into: &fixture.batch)
        fixture.membership.remove(id(0x20), into: &fixture.batch)
        fixture.membership.setVersion(SemanticVersion(3, 7), into: &fixture.batch)
        let job = ClusterMembership.Downgrade(isEnabled: true, targetVersion: "3.6.0")
        fixture.membership.setDowngrade(job, into: &fixture.batch)

        #expect(fixture.membership.members.map(\.id) == [id(1), id(0x10), id(0xFF)])
        let restarted = try fixture.restarted()
        #expect(restarted.members == fixture.membership.members)
        #expect(restarted.removed == [id(0x20)])
        #expect(restarted.version == SemanticVersion(3, 7))
        #expect(restarted.downgrade == job)
        #expect(restarted.local?.name == "a <1>")
        #expect(restarted[id(0xFF)]?.peerURLs == ["http://e:1"])
        #expect(restarted[id(0x10)]?.isLearner == false)
    }

    @Test func storesEtcdsBytes() throws {
        var fixture = try MembershipFixture()
        fixture.add(0xAB, "http://a:1")
        fixture.add(0xCD, "http://b:1")
        fixture.membership.remove(id(0xCD), into: &fixture.batch)
        fixture.membership.setVersion(SemanticVersion(3, 7), into: &fixture.batch)
        fixture.membership.setDowngrade(.init(), into: &fixture.batch)
        try fixture.commit()
        #expect(try fixture.stored("members", "ab") == #"{"id":171,"peerURLs":["http://a:1"]}"#)
        #expect(try fixture.stored("members", "cd") == nil)
        #expect(try fixture.stored("members_removed", "cd") == "removed")
        #expect(try fixture.stored("cluster", "clusterVersion") == "3.7.0")
        #expect(
            try fixture.stored("cluster", "downgrade") == #"{"target-version":"","enabled":false}"#)
    }

    @Test func changesOfAMissingMemberHaveNoEffect() throws {
        var fixture = try MembershipFixture()
        fixture.add(1, "http://a:1")
        let before = fixture.membership.members
        let count = fixture.batch.count
        fixture.membership.publish(name: "x", clientURLs: [], of: id(9), into: &fixture.batch)
        fixture.membership.promote(id(9), into: &fixture.batch)
        fixture.membership.setPeerURLs([], of: id(9), into: &fixture.batch)
        #expect(fixture.membership.members == before)
        #expect(fixture.batch.count == count)
    }

    @Test func addingAMemberAgainReplacesIt() throws {
        var fixture = try MembershipFixture()
        fixture.add(1, "http://a:1")
        fixture.add(1, "http://b:1")
        #expect(fixture.membership.members == [Member(id: id(1), peerURLs: ["http://b:1"])])
    }

    @Test func restoresWithoutBucketsAndWithMalformedValues() throws {
        var fixture = try MembershipFixture()
        let bare = try Bolt.open(disk: MemoryDisk(), path: "db")
        let reading = bare.beginRead()
        var membership = fixture.membership
        try membership.restore(from: reading, confState: nil)
        reading.end()
        #expect(membership.members.isEmpty && membership.version == nil)

        fixture.add(1, "http://a:1")
        fixture.batch.put(bucket: bytes("members"), key: bytes("2"), value: bytes("no JSON"))
        fixture.batch.put(bucket: bytes("members_removed"), key: bytes("zz"), value: [])
        fixture.batch.put(
            bucket: bytes("cluster"), key: bytes("clusterVersion"), value: bytes("new"))
        fixture.batch.put(bucket: bytes("cluster"), key: bytes("downgrade"), value: bytes("{"))
        let restarted = try fixture.restarted()
        #expect(restarted.members.map(\.id) == [id(1)])
        #expect(restarted.removed.isEmpty && restarted.version == nil)
        #expect(restarted.downgrade == .init())
    }

    /// In a 3.5 member's database a promoted member is still a learner.
    @Test func votersAreThoseOfTheRecordedConfState() throws {
        var fixture = try MembershipFixture()
        for number: UInt64 in 1...3 {
            fixture.add(number, "http://\(number):1", isLearner: number > 1)
        }
        let confState = RaftConfState(
            voters: [1, 2, 9], learners: [3], votersOutgoing: [], learnersNext: [],
            autoLeave: false)
        let restarted = try fixture.restarted(confState: confState)
        #expect(restarted.members.map(\.isLearner) == [false, false, true])
        #expect(try fixture.restarted().members.map(\.isLearner) == [false, true, true])
    }

    @Test func rejectsInvalidChanges() throws {
        var fixture = try MembershipFixture()
        fixture.add(1, "http://a:1", "http://a:2")
        fixture.add(2, "http://b:1", isLearner: true)
        fixture.add(3, "http://c:1")
        fixture.membership.remove(id(3), into: &fixture.batch)
        let membership = fixture.membership
        func error(_ change: MemberChange, learnersMax: Int = 1) -> EtcdError? {
            do throws(EtcdError) {
                try membership.validate(change, learnersMax: learnersMax)
                return nil
            } catch {
                return error
            }
        }
        func new(_ number: UInt64, _ url: String, isLearner: Bool = false) -> MemberChange {
            .add(Member(id: id(number), peerURLs: [url], isLearner: isLearner))
        }
        #expect(error(new(4, "http://d:1")) == nil)
        #expect(error(new(3, "http://d:1")) == .memberNotFound)
        #expect(error(new(1, "http://d:1")) == .memberExists)
        #expect(error(new(4, "http://a:2")) == .peerURLExists)
        #expect(error(new(4, "http://c:1")) == nil, "a removed member's URLs are free")
        #expect(error(new(4, "http://d:1", isLearner: true)) == .tooManyLearners)
        #expect(error(new(4, "http://d:1", isLearner: true), learnersMax: 2) == nil)
        #expect(error(.promote(id(2))) == nil)
        #expect(error(.promote(id(1))) == .memberNotLearner)
        #expect(error(.promote(id(9))) == .memberNotFound)
        #expect(error(.promote(id(3))) == .memberNotFound)
        #expect(error(.remove(id(1))) == nil)
        #expect(error(.remove(id(9))) == .memberNotFound)
        #expect(error(.remove(id(3))) == .memberNotFound)
        #expect(error(.setPeerURLs(id(1), ["http://a:2", "http://e:1"])) == nil)
        #expect(error(.setPeerURLs(id(1), ["http://b:1"])) == .peerURLExists)
        #expect(error(.setPeerURLs(id(3), ["http://e:1"])) == .memberNotFound)
    }
}
