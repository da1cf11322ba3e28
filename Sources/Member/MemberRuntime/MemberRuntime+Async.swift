package import Auth
package import EtcdAPI
package import Identifiers
import MonotonicClock
package import Raft
package import Stages
package import StateMachine
import Synchronization

/// Asynchronous calls into the runtime, for rare calls and background work.
///
/// Each of them returns, with `stopped` once the threads have ended.
extension MemberRuntime {
    /// Submits one request and waits for its completion.
    package func completion(
        of request: (CompletionAddress) -> ClientRequest
    ) async -> Completion {
        await withCheckedContinuation { continuation in
            submit([request(CompletionAddress(receiver: CompletionWaiter(continuation), token: 0))])
        }
    }

    /// Proposes a request on behalf of a caller, or of the member itself, and returns the response
    /// of applying it.
    package func propose(
        field: UInt32, payload: [UInt8], by identity: Identity
    ) async throws(EtcdError) -> ApplyResponse {
        let proposal = admission.wrap(field: field, payload: payload, by: identity)
        return try await completion { .propose(proposal, completion: $0) }.applyResponse()
    }

    /// Proposes a change of the membership and returns the response of applying it.
    package func changeMembership(
        _ type: ConfChangeType, _ member: MemberID, context: [UInt8] = []
    ) async throws(EtcdError) -> ApplyResponse {
        let id = nextRequestID()
        let change = ConfChange(id: id, type: type, member: member, context: context)
        return try await completion { .changeMembership(id: id, change, completion: $0) }
            .applyResponse()
    }

    /// Returns once everything acknowledged before now is visible here.
    package func linearize() async throws(EtcdError) {
        let completion = await completion(of: { .read(completion: $0) })
        if case .failed(let error) = completion.value { throw error }
    }

    /// What `body` reads of the state, between two batches of entries.
    ///
    /// - Parameter isBrief: whether that takes microseconds.
    package func readState<Value: Sendable>(
        isBrief: Bool = false, _ body: @escaping @Sendable (StateMachine) -> Value
    ) async throws(EtcdError) -> Value {
        try await awaitValue { completion in
            onState(isBrief: isBrief) { completion.complete(with: body($0)) }
        }
    }

    /// The status of the Raft machine: members, their progress, the leader.
    package func consensusStatus() async throws(EtcdError) -> RaftStatus {
        try await awaitValue { completion in onConsensus { completion.complete(with: $0) } }
    }

    /// What `body` reads of the database, after everything applied before now is in it.
    package func readBackend<Value: Sendable>(
        _ body: @escaping @Sendable (BackendContext) -> Value
    ) async throws(EtcdError) -> Value {
        try await awaitValue { completion in onBackend { completion.complete(with: body($0)) } }
    }

    /// Transfers leadership and returns once `isDone` accepts the status.
    ///
    /// - Throws: `leaderTransferTimeout` if it takes longer than a request may; `stopped`;
    ///   `canceled`.
    package func transferLeadership(
        to target: MemberID, until isDone: (ReplicaStatus) -> Bool
    ) async throws(EtcdError) {
        let deadline = MonotonicTime.now() + configuration.requestTimeout
        transferLeadership(to: target)
        while !isDone(replicaStatus) {
            guard !hasStopped else { throw .stopped }
            guard MonotonicTime.now() < deadline else { throw .leaderTransferTimeout }
            do {
                try await Task.sleep(for: Self.transferPollInterval)
            } catch {
                throw .canceled
            }
        }
    }

    /// How often the status is polled; a transfer takes a round trip or two.
    private static let transferPollInterval = Duration.milliseconds(2)

    /// Waits for the value that `start` completes with.
    private func awaitValue<Value: Sendable>(
        _ start: (OneCompletion<Value>) -> Void
    ) async throws(EtcdError) -> Value {
        let value: Value? = await withCheckedContinuation { start(OneCompletion($0)) }
        guard let value else { throw .stopped }
        return value
    }
}

extension Completion {
    /// The response to a proposal.
    package func applyResponse() throws(EtcdError) -> ApplyResponse {
        switch value {
        case .failed(let error): throw error
        case .readable: preconditionFailure("a proposal cannot complete as a read")
        case .applied(let response):
            if case .failed(let error) = response.body { throw error }
            return response
        }
    }
}

/// Waits for one completion.
private final class CompletionWaiter: CompletionReceiver {
    private let continuation: CheckedContinuation<Completion, Never>

    init(_ continuation: CheckedContinuation<Completion, Never>) {
        self.continuation = continuation
    }

    func deliver(_ completions: [Completion]) {
        for completion in completions { continuation.resume(returning: completion) }
    }
}

/// Completes one continuation; with nil when it is released without a value, since a closed queue
/// drops its items.
private final class OneCompletion<Value: Sendable>: Sendable {
    private let continuation: Mutex<CheckedContinuation<Value?, Never>?>

    init(_ continuation: CheckedContinuation<Value?, Never>) {
        self.continuation = Mutex(continuation)
    }

    deinit { take()?.resume(returning: nil) }

    func complete(with value: Value) { take()?.resume(returning: value) }

    private func take() -> CheckedContinuation<Value?, Never>? {
        continuation.withLock { continuation in
            defer { continuation = nil }
            return continuation
        }
    }
}
