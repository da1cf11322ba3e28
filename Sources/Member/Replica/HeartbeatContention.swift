package import Identifiers

/// Detects heartbeats that a leader sends late: more than two heartbeat intervals after the one
/// before to the same member, as in etcd. It means that this member's runs take too long.
///
/// Time is passed in. Members are few, so a linear search suffices.
package struct HeartbeatContention: Sendable {
    /// Maximum time between two heartbeats to one member.
    package let expectedNanoseconds: Int64
    private var sent: [(member: MemberID, atNanoseconds: Int64)] = []

    package init(heartbeatMilliseconds: Int64) {
        precondition(heartbeatMilliseconds > 0, "the heartbeat interval must be positive")
        expectedNanoseconds = 2 * heartbeatMilliseconds * 1_000_000
    }

    /// Resets the times; called for each change of leader or role.
    package mutating func reset() {
        sent.removeAll(keepingCapacity: true)
    }

    /// Records a heartbeat that leaves now. Returns the nanoseconds by which it is late, nil if it
    /// is not, or if it is the first one to this member.
    package mutating func observe(_ member: MemberID, atNanoseconds now: Int64) -> Int64? {
        guard let index = sent.firstIndex(where: { $0.member == member }) else {
            sent.append((member, now))
            return nil
        }
        let exceeded = now - sent[index].atNanoseconds - expectedNanoseconds
        sent[index].atNanoseconds = now
        return exceeded > 0 ? exceeded : nil
    }
}
