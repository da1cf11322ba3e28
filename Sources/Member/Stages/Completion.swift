package import EtcdAPI
package import Identifiers
package import StateMachine

/// Receives completions: one object for each event loop, which is woken once for a batch.
package protocol CompletionReceiver: AnyObject, Sendable {
    /// Takes completions; called on a thread of the runtime, must not block.
    func deliver(_ completions: [Completion])
}

/// Where a request's completion goes.
package struct CompletionAddress: Sendable {
    package let receiver: any CompletionReceiver
    /// The receiver's own ID of the request.
    package let token: UInt64

    package init(receiver: any CompletionReceiver, token: UInt64) {
        self.receiver = receiver
        self.token = token
    }
}

/// The completion of one request, for its receiver.
package struct Completion: Sendable {
    package let token: UInt64
    package let value: CompletionValue
    /// Raft term at the time of completion, for response headers.
    package let term: Term

    package init(token: UInt64, value: CompletionValue, term: Term) {
        self.token = token
        self.value = value
        self.term = term
    }
}

/// How a request ended.
package enum CompletionValue: Sendable {
    /// A proposal was applied, with this response.
    case applied(ApplyResponse)
    /// Everything that was acknowledged before the read was requested is visible now.
    case readable
    /// It failed, or whether it was applied is unknown.
    case failed(EtcdError)
}

/// Completions of one batch, grouped by receiver, so that each receiver is woken once.
package struct CompletionBatch {
    private static let receiversMax = 256
    private var groups: [(receiver: any CompletionReceiver, completions: [Completion])] = []
    private var count = 0

    package init() {}

    /// Whether there is nothing to deliver.
    package var isEmpty: Bool { count == 0 }

    package mutating func add(
        _ value: CompletionValue, to address: CompletionAddress, term: Term
    ) {
        count += 1
        let completion = Completion(token: address.token, value: value, term: term)
        for index in groups.indices where groups[index].receiver === address.receiver {
            groups[index].completions.append(completion)
            return
        }
        groups.append((address.receiver, [completion]))
    }

    /// Delivers all completions and resets the batch.
    package mutating func deliver() {
        count = 0
        for index in groups.indices where !groups[index].completions.isEmpty {
            groups[index].receiver.deliver(groups[index].completions)
            groups[index].completions.removeAll(keepingCapacity: true)
        }
        // Event loops are few; further receivers were created for one request each.
        if groups.count > Self.receiversMax { groups.removeAll() }
    }
}
