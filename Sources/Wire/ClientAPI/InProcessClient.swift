internal import EtcdAPI
internal import GRPC
internal import HTTP2
internal import MVCC
internal import NIOCore
internal import ReplicaRuntime
internal import Stages
internal import StateMachine

/// The key-value calls as the election and lock services use them: the way of a client's request,
/// without the wire. Each call goes through the event loop of the call it serves.
struct InProcessClient: Sendable {
    let context: ServiceContext
    let loop: HTTP2Loop

    init(_ call: GRPCServerCall, _ context: ServiceContext) {
        self.context = context
        loop = call.loop
    }

    /// Proposes a request and gives its outcome with the header of the answer.
    func propose(
        _ field: UInt32, _ payload: [UInt8], costBytes: Int? = nil
    ) async throws -> (ApplyOutcome, ResponseHeader) {
        let context = self.context
        let loop = self.loop
        let reply: Reply = await withCheckedContinuation { continuation in
            loop.eventLoop.execute {
                ClientPort.of(loop, runtime: context.runtime)
                    .propose(field: field, payload: payload, costBytes: costBytes) {
                        continuation.resume(returning: $0)
                    }
            }
        }
        switch reply.value {
        case .applied(let outcome):
            if case .failed(let error) = outcome.result { throw error }
            return (outcome, context.header(revision: outcome.revision, term: reply.term))
        case .failed(let error): throw error
        case .readable: preconditionFailure("a proposal is not answered as a read")
        }
    }

    /// Runs a transaction of compares on one key.
    func transaction(_ request: TxnRequest) async throws -> (TxnAnswer, ResponseHeader) {
        let (outcome, header) = try await propose(
            InternalRaftRequest.Field.txn, request.encoded(),
            costBytes: Quota.cost(of: request))
        guard case .txn(let answer) = outcome.result else {
            preconditionFailure("a transaction is answered as one")
        }
        return (answer, header)
    }

    /// Reads pairs, linearizable.
    func range(_ request: RangeRequest) async throws -> (pairs: [KeyValue], header: ResponseHeader)
    {
        let context = self.context
        let loop = self.loop
        let reply: Reply = await withCheckedContinuation { continuation in
            loop.eventLoop.execute {
                ClientPort.of(loop, runtime: context.runtime)
                    .read { continuation.resume(returning: $0) }
            }
        }
        if case .failed(let error) = reply.value { throw error }
        var answer = RangeAnswer()
        let outcome: RangeOutcome
        do throws(ReadError) {
            outcome = try context.runtime.store.range(request, into: &answer)
        } catch {
            throw context.runtime.refusal(of: error)
        }
        guard case .complete(let revision) = outcome else { throw EtcdError.requestTooLarge }
        let decoded = try Etcdserverpb_RangeResponse(serializedBytes: answer.encoded())
        let pairs = decoded.kvs.map { pair in
            KeyValue(
                key: Array(pair.key)[...], createRevision: pair.createRevision,
                modRevision: pair.modRevision, version: pair.version,
                value: Array(pair.value)[...], lease: pair.lease)
        }
        return (pairs, context.header(revision: revision, term: reply.term))
    }

    /// The changes of a range from a revision on, until the task is cancelled.
    func changes(
        key: [UInt8], end: [UInt8], from revision: Int64
    ) -> AsyncThrowingStream<WatchedChange, any Error> {
        let watchers = context.runtime.watchers
        let runtime = context.runtime
        return AsyncThrowingStream { continuation in
            let stream = watchers.openStream(ChangeSink(continuation))
            continuation.onTermination = { _ in watchers.close(stream) }
            let configuration = WatcherConfiguration(key: key, end: end, startRevision: revision)
            _ = watchers.register(configuration, id: nil, on: stream)
            runtime.wakeWatchers()
        }
    }
}

/// Hands deliveries to an asynchronous sequence. A waiting election or lock sees few of them.
private final class ChangeSink: WatchSink {
    private let continuation: AsyncThrowingStream<WatchedChange, any Error>.Continuation

    init(_ continuation: AsyncThrowingStream<WatchedChange, any Error>.Continuation) {
        self.continuation = continuation
    }

    var hasRoom: Bool { true }

    func deliver(_ deliveries: [WatchDelivery]) -> Bool {
        for delivery in deliveries {
            switch delivery.content {
            case .changes(let changes): for change in changes { continuation.yield(change) }
            case .compacted: continuation.finish(throwing: EtcdError.lostWatcher)
            case .progress: break
            }
        }
        return true
    }
}

extension GRPCServerCall {
    /// Serves a unary call with a task, which is cancelled when the call ends early.
    func serve(_ body: @escaping @Sendable () async throws -> [UInt8]) {
        let call = self
        let task = Task {
            do {
                let answer = try await body()
                call.eventLoop.execute { call.respond(answer) }
            } catch let error as EtcdError {
                // etcd passes errors of its inner client on without their code.
                let status = GRPCStatus(.unknown, error.message)
                call.eventLoop.execute { call.finish(status) }
            } catch {
                call.eventLoop.execute { call.finish(.canceled) }
            }
        }
        onClosed = { _ in task.cancel() }
    }
}
