package import EtcdAPI
package import StateMachine

/// Where answers go: one object for each event loop, which hands a batch over with one wake-up.
package protocol ReplySink: AnyObject, Sendable {
    /// Takes answers; called on a thread of the runtime, must not block.
    func deliver(_ replies: [Reply])
}

/// Whom a request's answer is for.
package struct ReplyAddress: Sendable {
    package let sink: any ReplySink
    /// The sink's own name for the request.
    package let token: UInt64

    package init(sink: any ReplySink, token: UInt64) {
        self.sink = sink
        self.token = token
    }
}

/// One answer on its way to its sink.
package struct Reply: Sendable {
    package let token: UInt64
    package let value: ReplyValue
    /// Raft term at the time of the answer, for response headers.
    package let term: UInt64

    package init(token: UInt64, value: ReplyValue, term: UInt64) {
        self.token = token
        self.value = value
        self.term = term
    }
}

/// What became of a request.
package enum ReplyValue: Sendable {
    /// A proposal was applied, with this outcome.
    case applied(ApplyOutcome)
    /// Everything that was acknowledged before the read was asked for is visible now.
    case readable
    /// It was not done, or nobody can know whether it was.
    case failed(EtcdError)
}

/// Answers of one batch, grouped by sink, so that each sink is woken once.
package struct ReplyBatch {
    private static let sinksMax = 256
    private var groups: [(sink: any ReplySink, replies: [Reply])] = []
    private var count = 0

    package init() {}

    /// Whether nothing waits to be handed over.
    package var isEmpty: Bool { count == 0 }

    package mutating func add(_ value: ReplyValue, to address: ReplyAddress, term: UInt64) {
        count += 1
        let reply = Reply(token: address.token, value: value, term: term)
        for index in groups.indices where groups[index].sink === address.sink {
            groups[index].replies.append(reply)
            return
        }
        groups.append((address.sink, [reply]))
    }

    /// Hands everything over and starts anew.
    package mutating func deliver() {
        count = 0
        for index in groups.indices where !groups[index].replies.isEmpty {
            groups[index].sink.deliver(groups[index].replies)
            groups[index].replies.removeAll(keepingCapacity: true)
        }
        // Event loops are few; what is more were sinks for one answer.
        if groups.count > Self.sinksMax { groups.removeAll() }
    }
}
