/// What a correct object does when its operations come one after the other.
package protocol SequentialModel: Sendable {
    associatedtype State: Hashable
    associatedtype Operation: Sendable
    associatedtype Outcome: Sendable

    /// The state after an operation that ended with this outcome; nil when a correct object cannot
    /// end so. A nil outcome is an operation whose answer never came: every state accepts it, and
    /// the state after it is that of the operation carried out.
    func step(_ state: State, _ operation: Operation, _ outcome: Outcome?) -> State?
}

/// One operation of a history: when it was called, when it was answered, and what came of it.
///
/// Times come from one counter that no two events share; only their order counts.
package struct RecordedCall<Operation: Sendable, Outcome: Sendable>: Sendable {
    package let client: Int
    package let operation: Operation
    package let calledAt: Int
    /// nil when no answer came: it may have been carried out at any later time, or never.
    package let answer: Answer?

    /// An answer and when it came.
    package struct Answer: Sendable {
        package let outcome: Outcome
        package let returnedAt: Int
    }

    package init(client: Int, operation: Operation, calledAt: Int) {
        self.client = client
        self.operation = operation
        self.calledAt = calledAt
        answer = nil
    }

    package init(
        client: Int, operation: Operation, calledAt: Int, outcome: Outcome, returnedAt: Int
    ) {
        precondition(calledAt < returnedAt, "an answer comes after its call")
        self.client = client
        self.operation = operation
        self.calledAt = calledAt
        answer = Answer(outcome: outcome, returnedAt: returnedAt)
    }
}

/// What a check of a history came to.
package enum Verdict: Equatable, Sendable {
    /// There is an order of the operations that a correct object could have gone through.
    case linearizable
    /// There is none. The longest order found, and the calls it could not be continued with, as
    /// positions in the history.
    case violation(longest: [Int], stuck: [Int])
    /// The search was given up.
    case undecided(steps: Int)
}
