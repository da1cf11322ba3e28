internal import Auth
internal import EtcdAPI
package import GRPC
package import HTTP2
internal import NIOConcurrencyHelpers
package import NIOCore
package import MemberRuntime
package import Stages
internal import StateMachine

/// Submits the requests of one event loop to the member and receives their completions.
///
/// Requests of one event loop tick are submitted as one batch. Completions of one batch of applied
/// entries return with one `execute`. Owned by the event loop, except `inbox`, which has a lock.
package final class RequestSubmitter: CompletionReceiver, @unchecked Sendable {
    package typealias CompletionHandler = (Completion) -> Void

    package let loop: HTTP2Loop
    let runtime: MemberRuntime
    let peers: any PeerCalling
    private var outgoing: [ClientRequest] = []
    /// Reads for the next batch.
    private var reads: [Waiter] = []
    /// Lease renewals for the next batch.
    var renewals: [LeaseRenewalCall] = []
    /// Renewals that wait for the leader's response to earlier ones.
    var forwarded: [LeaseRenewalCall] = []
    var awaitsLeader = false
    /// The request counters of this loop.
    var requestCounters = RequestCounters()
    /// Handlers of the submitted requests, by token.
    private var waiters: [Waiter?] = []
    private var freeTokens: [UInt64] = []
    private let inbox = NIOLockedValueBox<[Completion]>([])
    /// Completions taken from `inbox`; empty between two batches, the storage is swapped back.
    private var drained: [Completion] = []
    private var isFlushScheduled = false

    /// A struct around the handler: a closure stored directly in an Optional is wrapped in a thunk.
    private struct Waiter {
        let handler: CompletionHandler
    }

    /// Storage for up to this many completions is kept.
    private static let keptCompletionsMax = 4096

    init(loop: HTTP2Loop, runtime: MemberRuntime, peers: any PeerCalling) {
        self.loop = loop
        self.runtime = runtime
        self.peers = peers
    }

    /// Proposes a request; the handler receives the result of applying it.
    ///
    /// - Parameters:
    ///   - identity: on whose behalf.
    ///   - costBytes: what it adds to the database; nil when the quota does not apply.
    /// - Returns: the ID of the request; nil if it was refused.
    @discardableResult
    func propose(
        field: UInt32, payload: [UInt8], by identity: Identity, costBytes: Int?,
        _ handler: @escaping CompletionHandler
    ) -> UInt64? {
        do throws(EtcdError) {
            let proposal = try runtime.admit(
                field: field, payload: payload, by: identity, costBytes: costBytes)
            outgoing.append(.propose(proposal, completion: address(handler)))
            scheduleFlush()
            return proposal.id
        } catch {
            handler(Completion(token: 0, value: .failed(error), term: runtime.term))
            return nil
        }
    }

    /// Linearizable read: calls the handler once all writes acknowledged before now are visible.
    func read(_ handler: @escaping CompletionHandler) {
        if runtime.admission.admitsLocalRead {
            return handler(Completion(token: 0, value: .readable, term: runtime.term))
        }
        reads.append(Waiter(handler: handler))
        scheduleFlush()
    }

    /// Submits all pending reads as one ReadIndex request.
    private func submitReads() {
        guard !reads.isEmpty else { return }
        var pending: [Waiter] = []
        swap(&pending, &reads)
        let address = address { completion in
            for waiter in pending { waiter.handler(completion) }
        }
        outgoing.append(.read(completion: address))
    }

    /// Submits the pending requests as one batch; called at the end of each event loop tick.
    package func flush() {
        renewPending()
        submitReads()
        guard !outgoing.isEmpty else { return }
        // Swapped out: emptying a shared array would allocate another of its size.
        var batch: [ClientRequest] = []
        swap(&batch, &outgoing)
        runtime.submit(batch)
    }

    /// Runs `work` on the state machine, then `handler` on this event loop.
    ///
    /// - Parameter isBrief: whether `work` takes microseconds; see `MemberRuntime.onState`.
    func onState<Value: Sendable>(
        isBrief: Bool = false,
        _ work: @escaping @Sendable (StateMachine) -> Value,
        _ handler: @escaping (Value) -> Void
    ) {
        let box = NIOLoopBound(handler, eventLoop: loop.eventLoop)
        let loop = self.loop
        runtime.onState(isBrief: isBrief) { state in
            let value = work(state)
            loop.eventLoop.execute {
                loop.performBatch { box.value(value) }
            }
        }
    }

    /// Receives completions from the threads of the member.
    package func deliver(_ completions: [Completion]) {
        let wasEmpty = inbox.withLockedValue { inbox in
            defer { inbox.append(contentsOf: completions) }
            return inbox.isEmpty
        }
        guard wasEmpty else { return }
        loop.eventLoop.execute { self.drain() }
    }

    private func drain() {
        inbox.withLockedValue { swap(&$0, &drained) }
        loop.performBatch {
            for completion in drained { complete(completion) }
        }
        drained.removeAll(keepingCapacity: drained.count <= Self.keptCompletionsMax)
        flush()
    }

    private func complete(_ completion: Completion) {
        let slot = Int(completion.token)
        guard let waiter = waiters[slot] else { return }
        waiters[slot] = nil
        freeTokens.append(completion.token)
        waiter.handler(completion)
    }

    private func address(_ handler: @escaping CompletionHandler) -> CompletionAddress {
        if let token = freeTokens.popLast() {
            waiters[Int(token)] = Waiter(handler: handler)
            return CompletionAddress(receiver: self, token: token)
        }
        waiters.append(Waiter(handler: handler))
        return CompletionAddress(receiver: self, token: UInt64(waiters.count - 1))
    }

    /// Submits the requests at the end of the event loop tick, even if it received nothing.
    func scheduleFlush() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.eventLoop.execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }
}
