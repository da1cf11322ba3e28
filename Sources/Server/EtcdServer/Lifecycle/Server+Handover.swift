import EtcdAPI
import Membership
import Raft
import ReplicaRuntime

/// Leaving without a gap: a leader that stops hands its leadership over first.
extension Server {
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
        do throws(EtcdError) {
            try await runtime.transferLeadership(to: target) { status in
                status.leader.map { $0 != status.id } ?? false
            }
            logger.info(
                "leadership transfer finished",
                [
                    "local-member-id": .hex(localID.rawValue),
                    "transferee-member-id": .hex((runtime.status.leader ?? target).rawValue),
                ])
            await passProposalsOn()
        } catch {
            logger.warn(
                "leadership transfer failed",
                [
                    "local-member-id": .hex(localID.rawValue), "error": .string(error.message),
                ])
        }
    }

    /// The others forward proposals to this member until they have heard of the new leader, with its
    /// first heartbeat at the latest. As long as this member goes on, it passes them on.
    private func passProposalsOn() async {
        try? await Task.sleep(
            for: .milliseconds(2 * Int(configuration.heartbeatIntervalMilliseconds)))
    }

    private func heir() async -> Raft.MemberID? {
        guard let membership = try? await runtime.readState({ $0.membership }) else {
            return nil
        }
        let connected = membership.members.filter { !$0.isLearner && $0.id != localID }
            .compactMap { member -> (id: Raft.MemberID, since: Int64)? in
                let id = Raft.MemberID(member.id.rawValue)
                return transport.activeSince(id).map { (id, $0) }
            }
        return connected.min { ($0.since, $0.id) < ($1.since, $1.id) }?.id
    }
}
