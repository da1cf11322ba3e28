package import EtcdAPI
package import Raft
package import Stages
package import StateMachine
import Synchronization

/// Questions to the runtime for those who may suspend: rare calls and work in the background.
///
/// Every one of them is answered, with `stopped` once the threads have ended.
extension ReplicaRuntime {
    /// Hands in one request and waits for what becomes of it.
    package func answer(
        to request: (ReplyAddress) -> ClientRequest
    ) async -> Reply {
        await withCheckedContinuation { continuation in
            submit([request(ReplyAddress(sink: ReplyWaiter(continuation), token: 0))])
        }
    }

    /// Puts a request into the log and gives the outcome of applying it.
    package func propose(
        field: UInt32, payload: [UInt8]
    ) async throws(EtcdError) -> ApplyOutcome {
        let proposal = admission.wrap(field: field, payload: payload)
        return try await answer { .propose(proposal, reply: $0) }.outcome()
    }

    /// Puts a change of the membership into the log and gives the outcome of applying it.
    package func changeMembership(
        _ type: ConfChangeType, _ member: MemberID, context: [UInt8] = []
    ) async throws(EtcdError) -> ApplyOutcome {
        let id = nextRequestID()
        let change = ConfChange(id: id, type: type, member: member, context: context)
        return try await answer { .changeMembership(id: id, change, reply: $0) }.outcome()
    }

    /// Returns once everything acknowledged before now is visible here.
    package func linearize() async throws(EtcdError) {
        if case .failed(let error) = await answer(to: { .read(reply: $0) }).value { throw error }
    }

    /// What `question` reads of the state, between two batches of entries.
    ///
    /// - Parameter isBrief: whether that takes microseconds.
    package func readState<Value: Sendable>(
        isBrief: Bool = false, _ question: @escaping @Sendable (StateMachine) -> Value
    ) async throws(EtcdError) -> Value {
        try await asked { answer in
            onState(isBrief: isBrief) { answer.give(question($0)) }
        }
    }

    /// What the consensus machine knows: members, their progress, who leads.
    package func consensusStatus() async throws(EtcdError) -> RaftStatus {
        try await asked { answer in onConsensus { answer.give($0) } }
    }

    /// What `question` makes of the database, after everything applied before now is in it.
    package func readBackend<Value: Sendable>(
        _ question: @escaping @Sendable (BackendContext) -> Value
    ) async throws(EtcdError) -> Value {
        try await asked { answer in onBackend { answer.give(question($0)) } }
    }

    /// Hands leadership over and returns once the status is as wanted.
    ///
    /// - Throws: `leaderTransferTimeout` when it is not in a request's time; `stopped`;
    ///   `canceled`.
    package func transferLeadership(
        to target: MemberID, until isDone: (ReplicaStatus) -> Bool
    ) async throws(EtcdError) {
        let deadline = monotonicMilliseconds() + settings.requestTimeoutMilliseconds
        transferLeadership(to: target)
        while !isDone(status) {
            guard !hasStopped else { throw .stopped }
            guard monotonicMilliseconds() < deadline else { throw .leaderTransferTimeout }
            do {
                try await Task.sleep(for: .milliseconds(Self.transferLookMilliseconds))
            } catch {
                throw .canceled
            }
        }
    }

    /// How often a transfer is looked at; it takes a round trip or two.
    private static let transferLookMilliseconds = 2

    /// Waits for the answer that `ask` sends for.
    private func asked<Value: Sendable>(
        _ ask: (OneAnswer<Value>) -> Void
    ) async throws(EtcdError) -> Value {
        let value: Value? = await withCheckedContinuation { ask(OneAnswer($0)) }
        guard let value else { throw .stopped }
        return value
    }
}

extension Reply {
    /// The outcome of a proposal.
    package func outcome() throws(EtcdError) -> ApplyOutcome {
        switch value {
        case .failed(let error): throw error
        case .readable: preconditionFailure("a proposal is not answered as a read")
        case .applied(let outcome):
            if case .failed(let error) = outcome.result { throw error }
            return outcome
        }
    }
}

/// Waits for one reply.
private final class ReplyWaiter: ReplySink {
    private let continuation: CheckedContinuation<Reply, Never>

    init(_ continuation: CheckedContinuation<Reply, Never>) {
        self.continuation = continuation
    }

    func deliver(_ replies: [Reply]) {
        for reply in replies { continuation.resume(returning: reply) }
    }
}

/// Gives one answer on; nil when it goes away without one, since a queue that is closed drops
/// what it is given.
private final class OneAnswer<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value?, Never>?>

    init(_ continuation: CheckedContinuation<Value?, Never>) {
        self.continuation = Mutex(continuation)
    }

    deinit { take()?.resume(returning: nil) }

    func give(_ value: Value) { take()?.resume(returning: value) }

    private func take() -> CheckedContinuation<Value?, Never>? {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
    }
}
