package import Raft

/// What a member was last told to be durable here, on one stream: what says it again can wait.
///
/// A leader tells at once what is committed, and each telling is acknowledged, although it brings
/// no entries. That answer repeats the one before. It goes with the next message; should the one
/// before have been lost, the answer to the leader's next heartbeat takes it along.
package struct AcknowledgedIndex: Sendable {
    private var last: (term: Term, index: LogIndex)?

    package init() {}

    /// Notes a message that is about to be sent; true if it only repeats.
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
