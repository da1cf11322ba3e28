/// What a correct object does when its operations do not overlap.
package protocol SequentialModel: Sendable {
    associatedtype State: Hashable
    associatedtype Operation: Sendable
    associatedtype Response: Sendable

    /// The state after an operation with this response; nil if a correct object cannot respond so.
    /// A nil response is a pending operation: every state accepts it, and the state after it is
    /// that of the operation applied.
    func step(_ state: State, _ operation: Operation, _ response: Response?) -> State?
}

/// One operation of a history: its call, and its return with the response.
///
/// Times come from one counter without duplicates; only their order counts.
package struct RecordedCall<Operation: Sendable, Response: Sendable>: Sendable {
    package let client: Int
    package let operation: Operation
    package let calledAt: Int
    /// nil for a pending call: it may take effect at any later time, or never.
    package let completion: Completion?

    /// The response and the time of the return.
    package struct Completion: Sendable {
        package let response: Response
        package let returnedAt: Int
    }

    package init(client: Int, operation: Operation, calledAt: Int) {
        self.client = client
        self.operation = operation
        self.calledAt = calledAt
        completion = nil
    }

    package init(
        client: Int, operation: Operation, calledAt: Int, response: Response, returnedAt: Int
    ) {
        precondition(calledAt < returnedAt, "a call returns after it began")
        self.client = client
        self.operation = operation
        self.calledAt = calledAt
        completion = Completion(response: response, returnedAt: returnedAt)
    }
}

/// The result of a linearizability check.
package enum Verdict: Equatable, Sendable {
    /// There is an order of the operations that a correct object allows.
    case linearizable
    /// There is none. The longest order found, and the calls that could not follow it, as indices
    /// in the history.
    case violation(longest: [Int], stuck: [Int])
    /// The search took too many steps.
    case undecided(steps: Int)
}
