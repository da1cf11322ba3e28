import Identifiers
import Testing

@testable import Raft

/// Quorums and configuration changes.
@Suite struct ClusterConfigurationTests {
    private func configuration(_ state: ConfState) throws -> ClusterConfiguration {
        try #require(ClusterConfiguration(state, lastIndex: LogIndex(5)))
    }

    private func ids(_ values: UInt64...) -> [MemberID] {
        values.map { MemberID($0) }
    }

    @Test(
        arguments: [
            ([3], 3), ([3, 5], 3), ([3, 5, 9], 5), ([1, 5, 9, 9], 5), ([1, 2, 3, 4, 5], 3),
            ([0, 0, 7, 7, 7], 7), ([0, 0, 0, 7, 7], 0),
        ] as [([UInt64], UInt64)])
    func majorityValue(values: [UInt64], expected: UInt64) throws {
        let voters = values.indices.map { MemberID(UInt64($0) + 1) }
        let configuration = try configuration(ConfState(voters: voters))
        #expect(configuration.quorumValue { values[Int($0.id.rawValue) - 1] } == expected)
    }

    @Test func jointNeedsBothMajorities() throws {
        let joint = try configuration(
            ConfState(voters: ids(1, 2, 3), votersOutgoing: ids(3, 4, 5)))
        let values: [UInt64] = [9, 9, 9, 4, 1]
        #expect(joint.quorumValue { values[Int($0.id.rawValue) - 1] } == 4)
        #expect(joint.voteResult { $0.id < MemberID(4) ? true : nil } == .pending)
        #expect(joint.voteResult { $0.id < MemberID(5) } == .won)
        #expect(joint.voteResult { $0.id < MemberID(4) } == .lost)
    }

    @Test func learnersDoNotCount() throws {
        let configuration = try configuration(ConfState(voters: ids(1, 2), learners: ids(3, 4)))
        #expect(configuration.quorumValue { $0.isLearner ? 9 : 1 } == 1)
        #expect(configuration.voteResult { $0.isLearner ? true : nil } == .pending)
    }

    @Test func entersAndLeavesJointConfiguration() throws {
        let start = try configuration(ConfState(voters: ids(1, 2, 3), learners: ids(4)))
        let joint = try start.applying(
            ConfChangeV2(changes: [
                ConfChangeSingle(type: .addVoter, member: MemberID(4)),
                ConfChangeSingle(type: .addLearner, member: MemberID(1)),
                ConfChangeSingle(type: .remove, member: MemberID(2)),
                ConfChangeSingle(type: .addVoter, member: MemberID(5)),
            ]), lastIndex: LogIndex(9))
        #expect(
            joint.confState
                == ConfState(
                    voters: ids(3, 4, 5), votersOutgoing: ids(1, 2, 3), learnersNext: ids(1),
                    autoLeave: true))
        #expect(try configuration(joint.confState).confState == joint.confState)
        let left = try joint.applying(.leaveJoint, lastIndex: LogIndex(9))
        #expect(left.confState == ConfState(voters: ids(3, 4, 5), learners: ids(1)))
    }

    @Test func rejectsInvalidChanges() throws {
        let start = try configuration(ConfState(voters: ids(1)))
        let remove = ConfChangeV2(
            changes: [ConfChangeSingle(type: .remove, member: MemberID(1))])
        #expect(throws: ConfChangeError.removesAllVoters) {
            try start.applying(remove, lastIndex: .zero)
        }
        #expect(throws: ConfChangeError.notJoint) {
            try start.applying(.leaveJoint, lastIndex: .zero)
        }
    }

    @Test(arguments: [
        ConfState(voters: [MemberID(1), MemberID(1)]),
        ConfState(voters: [], learners: [MemberID(1)]),
        ConfState(voters: [MemberID(0)]),
        ConfState(voters: [MemberID(1)], learners: [MemberID(1)]),
        ConfState(
            voters: [MemberID(1)], votersOutgoing: [MemberID(1)], learnersNext: [MemberID(1)]),
    ]) func rejectsInconsistentConfState(state: ConfState) {
        #expect(ClusterConfiguration(state, lastIndex: .zero) == nil)
    }
}
