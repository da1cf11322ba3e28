import EtcdAPI
import Identifiers
import MemberRuntime
import MonotonicClock

/// A leader transfers its leadership before it stops.
extension Server {
    /// Transfers leadership to the voter with the oldest connection, and waits until another member
    /// leads or the request times out.
    func transferLeadership() async {
        guard runtime.replicaStatus.isLeader, let target = await transferTarget() else { return }
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
                    "transferee-member-id": .hex((runtime.replicaStatus.leader ?? target).rawValue),
                ])
            await keepForwardingProposals()
        } catch {
            logger.warn(
                "leadership transfer failed",
                [
                    "local-member-id": .hex(localID.rawValue), "error": .string(error.message),
                ])
        }
    }

    /// Other members forward proposals to this member until they know the new leader, at its first
    /// heartbeat at the latest. Until then this member keeps running and forwards them.
    private func keepForwardingProposals() async {
        try? await Task.sleep(for: configuration.heartbeatInterval * 2)
    }

    private func transferTarget() async -> MemberID? {
        guard let membership = try? await runtime.readState({ $0.membership }) else {
            return nil
        }
        let connected = membership.members.filter { !$0.isLearner && $0.id != localID }
            .compactMap { member -> (id: MemberID, since: MonotonicTime)? in
                transport.activeSince(member.id).map { (member.id, $0) }
            }
        return connected.min { ($0.since, $0.id) < ($1.since, $1.id) }?.id
    }
}
