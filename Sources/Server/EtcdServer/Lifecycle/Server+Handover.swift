import Membership
import Raft
import ReplicaRuntime

/// Leaving without a gap: a leader that stops hands its leadership over first.
extension Server {
    private static let lookMilliseconds = 2

    /// Hands leadership to the voter that has been connected for the longest time, and waits until
    /// another member leads, or a request's time is over.
    func handLeadershipOver() async {
        guard runtime.status.isLeader, let target = await heir() else { return }
        logger.info(
            "leadership transfer starting",
            [
                "local-member-id": .hex(localID.rawValue),
                "transferee-member-id": .hex(target.rawValue),
            ])
        let deadline =
            monotonicMilliseconds() + runtime.configuration.requestTimeoutMilliseconds
        runtime.transferLeadership(to: target)
        while monotonicMilliseconds() < deadline, !runtime.hasStopped {
            let status = runtime.status
            if let leader = status.leader, leader != status.id {
                return logger.info(
                    "leadership transfer finished",
                    [
                        "local-member-id": .hex(localID.rawValue),
                        "transferee-member-id": .hex(leader.rawValue),
                    ])
            }
            // A cancelled sleep only looks sooner.
            try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
        }
        logger.warn(
            "leadership transfer failed", ["local-member-id": .hex(localID.rawValue)])
    }

    private func heir() async -> Raft.MemberID? {
        let members = await withCheckedContinuation { continuation in
            runtime.onState { continuation.resume(returning: $0.state.membership.members) }
        }
        let connected = members.filter { !$0.isLearner && $0.id != localID }
            .compactMap { member -> (id: Raft.MemberID, since: Int64)? in
                let id = Raft.MemberID(member.id.rawValue)
                return links.transport?.activeSince(id).map { (id, $0) }
            }
        return connected.min { ($0.since, $0.id) < ($1.since, $1.id) }?.id
    }
}
