package import Identifiers
package import MonotonicClock

/// Detects heartbeats that a leader sends late: more than two heartbeat intervals after the one
/// before to the same member, as in etcd. It means that this member's runs take too long.
///
/// Time is passed in. Members are few, so a linear search suffices.
package struct HeartbeatContention: Sendable {
    /// Maximum time between two heartbeats to one member.
    package let expected: TimeSpan
    private var sent: [(member: MemberID, at: MonotonicTime)] = []

    package init(heartbeatInterval: TimeSpan) {
        precondition(heartbeatInterval > .zero, "the heartbeat interval must be positive")
        expected = heartbeatInterval * 2
    }

    /// Resets the times; called for each change of leader or role.
    package mutating func reset() {
        sent.removeAll(keepingCapacity: true)
    }

    /// Records a heartbeat that leaves now. Returns by how much it is late, nil if it
    /// is not, or if it is the first one to this member.
    package mutating func observe(_ member: MemberID, at now: MonotonicTime) -> TimeSpan? {
        guard let index = sent.firstIndex(where: { $0.member == member }) else {
            sent.append((member, now))
            return nil
        }
        let exceeded = now - sent[index].at - expected
        sent[index].at = now
        return exceeded > .zero ? exceeded : nil
    }
}
