import Bolt
import Disk
import EtcdAPI
import Identifiers
import Membership
import Testing

@testable import StateMachine

@Suite("Cluster entries")
struct ClusterEntryTests {
    private func change(
        _ type: RaftConfChange.ChangeType, _ node: UInt64, _ context: String
    ) -> [UInt8] {
        RaftConfChange(id: 55, type: type, nodeID: node, context: bytes(context)).encoded()
    }

    private func adding(
        _ number: UInt64, _ url: String, isLearner: Bool = false, isPromotion: Bool = false
    ) -> [UInt8] {
        let member = Member(
            id: MemberID(rawValue: number), peerURLs: [url], isLearner: isLearner)
        let context = MemberChangeContext(member: member, isPromotion: isPromotion).json
        return change(isLearner ? .addLearnerNode : .addNode, number, context)
    }

    private func members(_ applied: AppliedEntry) -> [Member]? {
        if case .members(let members) = applied.response.body { members } else { nil }
    }

    @Test func memberChangesAreAppliedAndStored() throws {
        let fixture = try StateFixture()
        let first = adding(1, "http://a:1")
        let applied = try fixture.apply(.memberChange, first)
        #expect(applied.id == 55)
        #expect(applied.change == .single(first, index: 1))
        #expect(members(applied)?.map(\.id.rawValue) == [1])
        try fixture.apply(.memberChange, adding(2, "http://b:1", isLearner: true))
        #expect(fixture.state.confState.voters == [1])
        #expect(fixture.state.confState.learners == [2])
        try fixture.apply(.memberChange, adding(2, "http://b:1", isPromotion: true))
        try fixture.apply(
            .memberChange, change(.updateNode, 2, #"{"id":2,"peerURLs":["http://c:1"]}"#))
        #expect(fixture.state.membership[MemberID(rawValue: 2)]?.peerURLs == ["http://c:1"])
        try fixture.restart()
        #expect(
            try fixture.stored("meta", "confState")
                == bytes(#"{"voters":[1,2],"auto_leave":false}"#))
        #expect(fixture.state.confState.voters == [1, 2])
        try fixture.apply(.memberChange, change(.removeNode, 2, ""))
        try fixture.restart()
        #expect(fixture.state.membership.removed == [MemberID(rawValue: 2)])
        #expect(
            try fixture.stored("meta", "confState") == bytes(#"{"voters":[1],"auto_leave":false}"#))
        let reading = fixture.bolt.beginRead()
        defer { reading.end() }
        #expect(try ConsistentIndex(from: reading).confState?.voters == [1])
        #expect(try ConsistentIndex(from: reading).index == fixture.state.appliedIndex)
    }

    /// The database of a snapshot may be ahead of the snapshot. Entries that it has applied are
    /// then committed again, and Raft has to apply their changes.
    @Test func changesThatTheDatabaseHasAppliedAreStillPassedToRaft() throws {
        let fixture = try StateFixture()
        var log: [[UInt8]] = []
        for data in [
            adding(1, "http://a:1"), adding(2, "http://b:1", isLearner: true),
            // Rejected, so Raft does not apply them either.
            adding(3, "http://a:1"), adding(4, "http://d:1", isPromotion: true),
            adding(2, "http://b:1", isPromotion: true), adding(5, "http://e:1"),
            change(.removeNode, 5, ""), adding(6, "http://f:1", isLearner: true),
        ] {
            log.append(data)
            try fixture.apply(.memberChange, data)
        }
        let rejected = [2, 3]
        try fixture.restart()
        let before = fixture.state.confState
        var state = RaftConfState(voters: [])
        for (offset, data) in log.enumerated() {
            let entry = CommittedEntry(
                index: LogIndex(UInt64(offset) + 1), term: 3, kind: .memberChange, data: data)
            let skipped = try fixture.apply(entry)
            #expect(skipped.isDone && skipped.memberChange == nil)
            guard let change = skipped.change else { continue }
            #expect(change == .single(data, index: entry.index) && !rejected.contains(offset))
            let decoded = try RaftConfChange(decoding: data)
            var general = RaftConfChangeV2()
            general.changes = [.init(type: decoded.type, nodeID: decoded.nodeID)]
            state = state.applying(general)
        }
        #expect(state == before && fixture.state.confState == before)
        #expect(before.voters == [1, 2] && before.learners == [6])
    }

    @Test func invalidChangesHaveNoEffectAndAreNotPassedToRaft() throws {
        let fixture = try StateFixture()
        try fixture.apply(.memberChange, adding(1, "http://a:1"))
        let refused: [([UInt8], EtcdError)] = [
            (adding(1, "http://b:1"), .memberExists), (adding(3, "http://a:1"), .peerURLExists),
            (change(.removeNode, 9, ""), .memberNotFound),
            (adding(1, "http://a:1", isPromotion: true), .memberNotLearner),
        ]
        for (data, error) in refused {
            let applied = try fixture.apply(.memberChange, data)
            #expect(applied.error == error && applied.change == nil && applied.id == 55)
        }
        for malformed in [[0xFF], change(.addNode, 4, "no JSON"), []] as [[UInt8]] {
            let applied = try fixture.apply(.memberChange, malformed)
            #expect(applied.change == nil)
        }
        #expect(fixture.state.membership.members.map(\.id.rawValue) == [1])
        #expect(fixture.state.appliedIndex == 8)
    }

    @Test func generalChangesOnlyConcernRaft() throws {
        let fixture = try StateFixture()
        let applied = try fixture.apply(.generalChange, [1, 2, 3])
        #expect(applied.change == .general([1, 2, 3], index: 1))
        #expect(fixture.state.membership.members.isEmpty)
    }

    @Test func aJointConfigurationIsKeptUntilItIsLeft() throws {
        let fixture = try StateFixture()
        for number in 1...3 as ClosedRange<UInt64> {
            try fixture.apply(.memberChange, adding(number, "http://m\(number):1"))
        }
        let change = RaftConfChangeV2(changes: [
            .init(type: .addNode, nodeID: 4), .init(type: .removeNode, nodeID: 1),
            .init(type: .addLearnerNode, nodeID: 2),
        ])
        try fixture.apply(.generalChange, change.encoded())
        let joint = RaftConfState(
            voters: [3, 4], votersOutgoing: [1, 2, 3], learnersNext: [2], autoLeave: true)
        #expect(fixture.state.confState == joint)
        try fixture.restart()
        #expect(fixture.state.confState == joint)
        #expect(
            try fixture.stored("meta", "confState")
                == bytes(
                    #"{"voters":[3,4],"voters_outgoing":[1,2,3],"learners_next":[2],"auto_leave":true}"#
                ))
        try fixture.apply(.generalChange, [])
        #expect(fixture.state.confState == RaftConfState(voters: [3, 4], learners: [2]))
    }

    @Test func theStorageVersionFollowsTheClusterVersion() throws {
        let fixture = try StateFixture()
        var applied: [AppliedEntry] = []
        for text in ["3.0.0", "3.7.0", "3.6.0", "3.5.0"] {
            var version = Membershippb_ClusterVersionSetRequest()
            version.ver = text
            applied.append(try fixture.rare(InternalRaftRequest.Field.clusterVersionSet, version))
            try fixture.restart()
            let recorded = ["3.7.0": "3.7.0", "3.6.0": "3.6.0"][text]
            #expect(try fixture.stored("meta", "storageVersion") == recorded.map { bytes($0) })
            #expect(fixture.state.storageVersionText == recorded ?? "")
        }
        // Only a lower version requests a snapshot.
        #expect(applied.map(\.wantsSnapshot) == [false, false, true, true])
        guard case .clusterVersion(let version, let previous) = applied[1].response.body else {
            Issue.record("no cluster version in the response")
            return
        }
        #expect(version == SemanticVersion(3, 7) && previous == SemanticVersion(3, 0))
    }

    @Test func theRemovalOfThisMemberIsReported() throws {
        let fixture = try StateFixture()
        try fixture.apply(.memberChange, adding(1, "http://a:1"))
        let added = try fixture.apply(.memberChange, adding(2, "http://b:1"))
        #expect(!added.removesLocalMember)
        #expect(
            added.memberChange == .add(Member(id: MemberID(rawValue: 2), peerURLs: ["http://b:1"])))
        let other = try fixture.apply(
            .memberChange, change(.removeNode, 2, ""))
        #expect(!other.removesLocalMember)
        let own = try fixture.apply(
            .memberChange, change(.removeNode, 1, ""))
        #expect(own.removesLocalMember)
        let again = try fixture.apply(
            .memberChange, change(.removeNode, 1, ""))
        #expect(!again.removesLocalMember && again.memberChange == nil)
    }

    @Test func versionsAttributesAndDowngradesAreStored() throws {
        let fixture = try StateFixture()
        try fixture.apply(.memberChange, adding(1, "http://a:1"))
        var version = Membershippb_ClusterVersionSetRequest()
        version.ver = "3.5.0"
        try fixture.rare(InternalRaftRequest.Field.clusterVersionSet, version)
        #expect(fixture.state.storageVersionText == "")
        #expect(fixture.state.storageVersion == SemanticVersion(3, 5))
        version.ver = "nonsense"
        try fixture.rare(InternalRaftRequest.Field.clusterVersionSet, version)
        #expect(fixture.state.membership.version == SemanticVersion(3, 5))
        version.ver = "3.7.0"
        try fixture.rare(InternalRaftRequest.Field.clusterVersionSet, version)
        #expect(fixture.state.storageVersion == SemanticVersion(3, 7))
        #expect(fixture.state.storageVersionText == "3.7.0")

        var attributes = Membershippb_ClusterMemberAttrSetRequest()
        attributes.memberID = 1
        attributes.memberAttributes.name = "n"
        attributes.memberAttributes.clientUrls = ["http://x:1"]
        try fixture.rare(InternalRaftRequest.Field.clusterMemberAttributesSet, attributes)
        var downgrade = Membershippb_DowngradeInfoSetRequest()
        downgrade.enabled = true
        downgrade.ver = "3.6.0"
        try fixture.rare(InternalRaftRequest.Field.downgradeInfoSet, downgrade)
        try fixture.rare(
            InternalRaftRequest.Field.downgradeVersionTest,
            Membershippb_ClusterVersionSetRequest())

        try fixture.restart()
        #expect(try fixture.stored("meta", "storageVersion") == bytes("3.7.0"))
        #expect(fixture.state.membership.local?.name == "n")
        #expect(fixture.state.membership.local?.clientURLs == ["http://x:1"])
        #expect(
            fixture.state.membership.downgrade
                == .init(isEnabled: true, targetVersion: "3.6.0"))
        downgrade.enabled = false
        try fixture.rare(InternalRaftRequest.Field.downgradeInfoSet, downgrade)
        #expect(fixture.state.membership.downgrade == .init())
        #expect(fixture.revision == 1)
    }

    @Test func aMalformedClusterRequestStopsTheMember() throws {
        let fixture = try StateFixture()
        #expect(throws: StateError.undecodableEntry(index: 1)) {
            try fixture.request(InternalRaftRequest.Field.clusterVersionSet, [0x0A, 9, 1])
        }
    }

    @Test func v2StoreRequestsChangeTheMembership() throws {
        let fixture = try StateFixture()
        try fixture.apply(.memberChange, adding(0xAB, "http://a:1"))
        func legacy(_ method: String, _ path: String, _ value: String) -> [UInt8] {
            var request = LegacyRequest()
            request.id = 99
            request.method = bytes(method)
            request.path = bytes(path)
            request.value = bytes(value)
            return request.encoded()
        }
        let published = try fixture.apply(
            .request,
            legacy(
                "PUT", "/0/members/ab/attributes", #"{"name":"n","clientURLs":["http://x"]}"#))
        #expect(published.id == 99 && published.isDone)
        try fixture.apply(.request, legacy("PUT", "/0/version", "3.5.0"))
        // Requests that do not concern the membership are skipped.
        try fixture.apply(.request, legacy("PUT", "/1/somewhere", "else"))
        try fixture.apply(.request, legacy("SYNC", "", ""))
        #expect(throws: StateError.undecodableEntry(index: 6)) {
            try fixture.apply(.request, legacy("SHOUT", "/0/version", "3.6.0"))
        }
        try fixture.restart()
        let member = fixture.state.membership[MemberID(rawValue: 0xAB)]
        #expect(member?.name == "n" && member?.clientURLs == ["http://x"])
        #expect(fixture.state.membership.version == SemanticVersion(3, 5))
        #expect(fixture.state.appliedIndex == 5)
    }

    @Test func aSnapshotDescribesTheState() throws {
        let fixture = try StateFixture()
        try fixture.apply(.memberChange, adding(1, "http://a:1"))
        try fixture.put("a", "1")
        let snapshot = fixture.state.snapshotRequest()
        #expect(snapshot.index == 2 && snapshot.term == 3)
        #expect(snapshot.confState.voters == [1])
        #expect(snapshot.legacyTree == bytes(fixture.state.membership.legacyTreeJSON))
    }
}
