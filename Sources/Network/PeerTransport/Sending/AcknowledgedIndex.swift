import Identifiers
package import Raft

/// The last index acknowledged to a member on one stream: a repetition is not urgent.
///
/// A leader sends each new commit index at once, and each such append is acknowledged, although it
/// has no entries. This acknowledgement repeats the previous one, so it is sent with the next
/// message. If the previous one was lost, it is sent along with the next heartbeat response.
package struct AcknowledgedIndex: Sendable {
    private var last: (term: Term, index: LogIndex)?

    package init() {}

    /// Records a message that is about to be sent; returns whether it repeats the previous one.
    package mutating func isRepeated(by message: Raft.Message) -> Bool {
        guard message.type == .appendResponse else { return false }
        guard !message.isRejected else {
            last = nil
            return false
        }
        defer { last = (message.term, message.index) }
        guard let last else { return false }
        return last == (message.term, message.index)
    }
}
