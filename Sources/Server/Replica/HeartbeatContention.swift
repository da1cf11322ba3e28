package import Raft

/// Notices heartbeats that a leader sends late: more than two heartbeat intervals after the one
/// before to the same member, as in etcd. It means that this member's turns take too long.
///
/// Time is handed in. Members are few, so they are searched.
package struct HeartbeatContention: Sendable {
    /// Greatest time between two heartbeats to one member.
    package let expectedNanoseconds: Int64
    private var sent: [(member: MemberID, atNanoseconds: Int64)] = []

    package init(heartbeatMilliseconds: Int64) {
        precondition(heartbeatMilliseconds > 0, "a heartbeat interval takes time")
        expectedNanoseconds = 2 * heartbeatMilliseconds * 1_000_000
    }

    /// Starts over; for each change of leader or role.
    package mutating func reset() {
        sent.removeAll(keepingCapacity: true)
    }

    /// Notes a heartbeat that leaves now. Returns the nanoseconds by which it is late, nil if it is
    /// not, or if it is the first one to this member.
    package mutating func observe(_ member: MemberID, atNanoseconds now: Int64) -> Int64? {
        guard let place = sent.firstIndex(where: { $0.member == member }) else {
            sent.append((member, now))
            return nil
        }
        let exceeded = now - sent[place].atNanoseconds - expectedNanoseconds
        sent[place].atNanoseconds = now
        return exceeded > 0 ? exceeded : nil
    }
}
