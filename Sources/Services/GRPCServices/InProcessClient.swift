internal import Auth
internal import EtcdAPI
internal import GRPC
internal import HTTP2
import Identifiers
internal import MVCC
internal import NIOCore
internal import MemberRuntime
internal import Stages
internal import StateMachine

/// Key-value requests of the election and lock services: the path of a client's request without
/// the network, on behalf of the caller of the call that they serve. Each is submitted on the event
/// loop of that call.
struct InProcessClient: Sendable {
    let context: ServiceContext
    let loop: HTTP2Loop
    private let credentials: CallCredentials

    init(_ call: GRPCServerCall, _ context: ServiceContext) {
        self.context = context
        loop = call.loop
        credentials = context.credentials(of: call)
    }

    private func caller() async throws(EtcdError) -> Identity {
        try await context.identity(of: credentials)
    }

    /// Proposes a request and returns the result of applying it and the response header.
    func propose(
        _ field: UInt32, _ payload: [UInt8], costBytes: Int? = nil
    ) async throws -> (ApplyResponse, ResponseHeader) {
        let context = self.context
        let loop = self.loop
        let caller = try await caller()
        let completion: Completion = await withCheckedContinuation { continuation in
            loop.eventLoop.execute {
                context.submitter(loop)
                    .propose(field: field, payload: payload, by: caller, costBytes: costBytes) {
                        continuation.resume(returning: $0)
                    }
            }
        }
        switch completion.value {
        case .applied(let applied):
            if case .failed(let error) = applied.body { throw error }
            return (applied, context.header(revision: applied.revision, term: completion.term))
        case .failed(let error): throw error
        case .readable: preconditionFailure("a proposal does not complete as a read")
        }
    }

    /// Throws unless the caller has credentials, which a new lease needs.
    func requireUser() async throws(EtcdError) {
        try context.auth?.requireUser(try await caller())
    }

    /// Runs a transaction.
    func transaction(_ request: TxnRequest) async throws -> (TxnResponse, ResponseHeader) {
        let (applied, header) = try await propose(
            InternalRaftRequest.Field.txn, request.encoded(),
            costBytes: Quota.cost(of: request))
        guard case .txn(let response) = applied.body else {
            preconditionFailure("a transaction has a transaction response")
        }
        return (response, header)
    }

    /// Reads key-value pairs, linearizable.
    func range(_ request: RangeRequest) async throws -> (pairs: [KeyValue], header: ResponseHeader)
    {
        try await range(request, by: nil)
    }

    /// The pair that a watched change left. Who may watch a key when the watch begins gets its
    /// changes, whatever becomes of the token.
    func watchedPair(
        of key: [UInt8], at revision: Revision
    ) async throws -> (pair: KeyValue?, header: ResponseHeader) {
        let request = RangeRequest(key: key[...], revision: revision.rawValue)
        let (pairs, header) = try await range(request, by: .server)
        return (pairs.first, header)
    }

    /// - Parameter identity: nil for the caller.
    private func range(
        _ request: RangeRequest, by identity: Identity?
    ) async throws -> (pairs: [KeyValue], header: ResponseHeader) {
        let context = self.context
        let loop = self.loop
        let completion: Completion = await withCheckedContinuation { continuation in
            loop.eventLoop.execute {
                context.submitter(loop)
                    .read { continuation.resume(returning: $0) }
            }
        }
        if case .failed(let error) = completion.value { throw error }
        let reader: Identity
        if let identity { reader = identity } else { reader = try await caller() }
        var response = RangeResponse()
        let execution: RangeExecution
        do throws(ReadError) {
            execution = try context.runtime.store.range(request, by: reader, into: &response)
        } catch {
            throw context.runtime.clientError(for: error)
        }
        guard case .complete(let revision) = execution else { throw EtcdError.requestTooLarge }
        let decoded = try Etcdserverpb_RangeResponse(serializedBytes: response.encoded())
        let pairs = decoded.kvs.map { pair in
            KeyValue(
                key: Array(pair.key)[...], createRevision: pair.createRevision,
                modRevision: pair.modRevision, version: pair.version,
                value: Array(pair.value)[...], lease: pair.lease)
        }
        return (pairs, context.header(revision: revision, term: completion.term))
    }

    /// The changes of a range, starting at a revision, until the task is cancelled.
    func changes(
        key: [UInt8], end: [UInt8], from revision: Revision
    ) async throws -> WatchedChanges {
        let request = WatchCreateRequest(key: key[...], rangeEnd: end[...])
        try context.requireWatch(request, by: try await caller())
        return WatchedChanges(key: key, end: end, from: revision, context.runtime)
    }
}

extension GRPCServerCall {
    /// Serves a unary call with a task. The task is cancelled when the call ends first.
    func serve(_ body: @escaping @Sendable () async throws -> [UInt8]) {
        let call = self
        let task = Task {
            do {
                let response = try await body()
                call.eventLoop.execute { call.respond(response) }
            } catch let error as EtcdError {
                // etcd returns errors of its internal client without their code.
                let status = GRPCStatus(.unknown, error.message)
                call.eventLoop.execute { call.finish(status) }
            } catch {
                call.eventLoop.execute { call.finish(.canceled) }
            }
        }
        onClosed = { _ in task.cancel() }
    }
}
