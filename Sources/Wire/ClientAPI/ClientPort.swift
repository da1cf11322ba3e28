internal import EtcdAPI
package import GRPC
package import HTTP2
internal import NIOConcurrencyHelpers
package import NIOCore
package import ReplicaRuntime
package import Stages
internal import StateMachine

/// One event loop's way to the replica and back.
///
/// Requests of one read turn leave as one batch; answers of one batch of applied entries come
/// back with one `execute`. Owned by the event loop, except `inbox`, which is under its lock.
package final class ClientPort: ReplySink, @unchecked Sendable {
    package typealias Completion = (Reply) -> Void

    package let loop: HTTP2Loop
    let runtime: ReplicaRuntime
    private var outgoing: [ClientRequest] = []
    /// Who waits for a read that leaves with the next batch.
    private var reads: [Waiter] = []
    /// Leases to be renewed with the next batch.
    var renewals: [LeaseRenewalCall] = []
    /// What this loop counts requests with.
    var requestCounters = RequestCounters()
    private var waiting: [Waiter?] = []
    private var freeTokens: [UInt64] = []
    private let inbox = NIOLockedValueBox<[Reply]>([])
    /// Answers taken out of `inbox`; between two batches empty storage that goes back to it.
    private var drained: [Reply] = []
    private var isFlushScheduled = false

    /// A completion in a struct: stored as it is, a closure in an Optional is wrapped in another.
    private struct Waiter {
        let completion: Completion
    }

    /// Answers that storage is kept for.
    private static let keptRepliesMax = 4096

    init(loop: HTTP2Loop, runtime: ReplicaRuntime) {
        self.loop = loop
        self.runtime = runtime
    }

    /// The port of a call's loop.
    static func of(_ call: GRPCServerCall, runtime: ReplicaRuntime) -> ClientPort {
        of(call.loop, runtime: runtime)
    }

    /// The port of a loop; made on first use.
    package static func of(_ loop: HTTP2Loop, runtime: ReplicaRuntime) -> ClientPort {
        if let port = loop.attachment as? ClientPort { return port }
        let port = ClientPort(loop: loop, runtime: runtime)
        loop.attachment = port
        return port
    }

    /// Puts a request into the log; `completion` gets what applying it came to.
    ///
    /// - Parameter costBytes: what it adds to the database; nil for what needs no room.
    func propose(
        field: UInt32, payload: [UInt8], costBytes: Int?, _ completion: @escaping Completion
    ) {
        do throws(EtcdError) {
            let proposal = try runtime.admit(
                field: field, payload: payload, costBytes: costBytes)
            outgoing.append(.propose(proposal, reply: address(completion)))
            flushLater()
        } catch {
            completion(Reply(token: 0, value: .failed(error), term: runtime.term))
        }
    }

    /// Waits until everything acknowledged before now is visible.
    func read(_ completion: @escaping Completion) {
        if runtime.admission.admitsLocalRead {
            return completion(Reply(token: 0, value: .readable, term: runtime.term))
        }
        reads.append(Waiter(completion: completion))
        flushLater()
    }

    /// Reads that have gathered wait for the same, as one.
    private func askForReads() {
        guard !reads.isEmpty else { return }
        var gathered: [Waiter] = []
        swap(&gathered, &reads)
        let reply = address { reply in
            for waiter in gathered { waiter.completion(reply) }
        }
        outgoing.append(.read(reply: reply))
    }

    /// Hands gathered requests on; called at the end of each read turn.
    package func flush() {
        renewGathered()
        askForReads()
        guard !outgoing.isEmpty else { return }
        // Handed over whole: emptying a shared array would allocate another of its size.
        var batch: [ClientRequest] = []
        swap(&batch, &outgoing)
        runtime.submit(batch)
    }

    /// Runs `work` on the state, and `completion` back on this loop.
    ///
    /// - Parameter isBrief: whether `work` takes microseconds; see `ReplicaRuntime.onState`.
    func onState<Value: Sendable>(
        isBrief: Bool = false,
        _ work: @escaping @Sendable (StateMachine) -> Value,
        _ completion: @escaping (Value) -> Void
    ) {
        let box = NIOLoopBound(completion, eventLoop: loop.eventLoop)
        let loop = self.loop
        runtime.onState(isBrief: isBrief) { state in
            let value = work(state)
            loop.eventLoop.execute {
                loop.performBatch { box.value(value) }
            }
        }
    }

    /// Takes answers from the apply thread.
    package func deliver(_ replies: [Reply]) {
        let wasEmpty = inbox.withLockedValue { inbox in
            defer { inbox.append(contentsOf: replies) }
            return inbox.isEmpty
        }
        guard wasEmpty else { return }
        loop.eventLoop.execute { self.drain() }
    }

    private func drain() {
        inbox.withLockedValue { swap(&$0, &drained) }
        loop.performBatch {
            for reply in drained { complete(reply) }
        }
        drained.removeAll(keepingCapacity: drained.count <= Self.keptRepliesMax)
        flush()
    }

    private func complete(_ reply: Reply) {
        let place = Int(reply.token)
        guard let waiter = waiting[place] else { return }
        waiting[place] = nil
        freeTokens.append(reply.token)
        waiter.completion(reply)
    }

    private func address(_ completion: @escaping Completion) -> ReplyAddress {
        if let token = freeTokens.popLast() {
            waiting[Int(token)] = Waiter(completion: completion)
            return ReplyAddress(sink: self, token: token)
        }
        waiting.append(Waiter(completion: completion))
        return ReplyAddress(sink: self, token: UInt64(waiting.count - 1))
    }

    /// Requests made outside a read turn leave at the end of the loop's turn.
    func flushLater() {
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        loop.eventLoop.execute {
            self.isFlushScheduled = false
            self.flush()
        }
    }
}
