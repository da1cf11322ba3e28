internal import EtcdAPI
internal import GRPC
internal import Membership
internal import Raft
internal import ReplicaRuntime

/// Maintenance.MoveLeader: hands the leadership to a voter of the caller's choice.
struct LeaderTransfer: Sendable {
    let context: ServiceContext

    private static let lookMilliseconds: Int64 = 20

    /// Returns once the target leads.
    ///
    /// - Throws: `notLeader`; `badLeaderTransferee` for a target that is no voter;
    ///   `leaderTransferTimeout` when it does not lead in time.
    func move(to target: UInt64) async throws(EtcdError) {
        let runtime = context.runtime
        guard runtime.status.isLeader else { throw .notLeader }
        let member = try await runtime.readState {
            $0.state.membership[Membership.MemberID(rawValue: target)]
        }
        guard let member, !member.isLearner else { throw .badLeaderTransferee }
        let deadline =
            monotonicMilliseconds() + runtime.configuration.requestTimeoutMilliseconds
        guard runtime.status.leader?.rawValue != target else { return }
        runtime.transferLeadership(to: Raft.MemberID(target))
        while runtime.status.leader?.rawValue != target {
            guard !runtime.hasStopped else { throw .stopped }
            guard monotonicMilliseconds() < deadline else { throw .leaderTransferTimeout }
            try await context.pause(Self.lookMilliseconds)
        }
    }
}
