internal import EtcdAPI
internal import GRPC
internal import Identifiers
internal import MemberRuntime

/// Maintenance.MoveLeader: transfers leadership to a given voter.
struct LeaderTransfer: Sendable {
    let context: ServiceContext

    /// Returns once the target leads.
    ///
    /// - Throws: `notLeader`; `badLeaderTransferee` for a target that is no voter;
    ///   `leaderTransferTimeout` when the target does not lead in time.
    func move(to target: MemberID) async throws(EtcdError) {
        let runtime = context.runtime
        guard runtime.replicaStatus.isLeader else { throw .notLeader }
        let member = try await runtime.readState { $0.membership[target] }
        guard let member, !member.isLearner else { throw .badLeaderTransferee }
        guard runtime.replicaStatus.leader != target else { return }
        try await runtime.transferLeadership(to: target) { $0.leader == target }
    }
}
