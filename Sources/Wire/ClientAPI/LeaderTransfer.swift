internal import EtcdAPI
internal import GRPC
internal import Membership
internal import Raft
internal import ReplicaRuntime

/// Maintenance.MoveLeader: hands the leadership to a voter of the caller's choice.
struct LeaderTransfer: Sendable {
    let context: ServiceContext

    /// Returns once the target leads.
    ///
    /// - Throws: `notLeader`; `badLeaderTransferee` for a target that is no voter;
    ///   `leaderTransferTimeout` when it does not lead in time.
    func move(to target: UInt64) async throws(EtcdError) {
        let runtime = context.runtime
        guard runtime.status.isLeader else { throw .notLeader }
        let member = try await runtime.readState {
            $0.membership[Membership.MemberID(rawValue: target)]
        }
        guard let member, !member.isLearner else { throw .badLeaderTransferee }
        guard runtime.status.leader?.rawValue != target else { return }
        try await runtime.transferLeadership(to: Raft.MemberID(target)) {
            $0.leader?.rawValue == target
        }
    }
}
