internal import Auth
internal import EtcdAPI
internal import GRPC
internal import Identifiers
internal import MVCC
internal import MemberRuntime
internal import MonotonicClock
internal import StateMachine

/// Key-value calls: etcdserverpb.KV.
struct KVService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.unary(
                "/etcdserverpb.KV/Range", isForLearners: \RangeRequest.serializable,
                check: { RequestChecks.check($0) }
            ) { call, request, _, caller in range(call, request, caller) },
            context.unary("/etcdserverpb.KV/Put", check: { RequestChecks.check($0) }) {
                call, request, bytes, caller in put(call, request, bytes, caller)
            },
            context.unary("/etcdserverpb.KV/DeleteRange", check: { RequestChecks.check($0) }) {
                call, request, bytes, caller in deleteRange(call, request, bytes, caller)
            },
            transactionMethod("/etcdserverpb.KV/Txn"),
            context.unary("/etcdserverpb.KV/Compact") { call, request, bytes, caller in
                compact(call, request, bytes, caller)
            },
            rangeStreamMethod,
        ]
    }

    private func transactionMethod(_ path: String) -> GRPCMethod {
        let limit = context.configuration.transactionOperationsMax
        return context.unary(
            path, check: { RequestChecks.check($0, operationsMax: limit) }
        ) { call, request, bytes, caller in transaction(call, request, bytes, caller) }
    }

    private func put(
        _ call: GRPCServerCall, _ request: PutRequest, _ bytes: [UInt8], _ caller: Identity
    ) {
        let field = InternalRaftRequest.Field.put
        context.propose(
            field, bytes, by: caller, costBytes: Quota.cost(of: request), for: call
        ) { applied, header in
            guard case .put(var response) = applied.body else { return }
            response.header = header
            call.respond(response)
        }
    }

    private func deleteRange(
        _ call: GRPCServerCall, _ request: DeleteRangeRequest, _ bytes: [UInt8],
        _ caller: Identity
    ) {
        let field = InternalRaftRequest.Field.deleteRange
        context.propose(field, bytes, by: caller, for: call) { applied, header in
            guard case .deleteRange(var response) = applied.body else { return }
            call.responseLogValue = response.deleted
            response.header = header
            call.respond(response)
        }
    }

    private func transaction(
        _ call: GRPCServerCall, _ request: TxnRequest, _ bytes: [UInt8], _ caller: Identity
    ) {
        if request.isReadOnly { return readOnly(call, request, caller) }
        let field = InternalRaftRequest.Field.txn
        context.propose(
            field, bytes, by: caller, costBytes: Quota.cost(of: request), for: call
        ) { applied, header in
            guard case .txn(var response) = applied.body else { return }
            call.responseLogValue = response.succeeded ? 1 : 0
            response.header = header
            call.respond(response)
        }
    }

    /// A transaction that only contains ranges is not logged: its compares and ranges read one
    /// moment of the store.
    private func readOnly(_ call: GRPCServerCall, _ request: TxnRequest, _ caller: Identity) {
        let began = MonotonicTime.now()
        guard !request.isSerializable else {
            let term = context.runtime.term
            return evaluate(call, request, caller, term: term, began)
        }
        context.linearized(call) { term in evaluate(call, request, caller, term: term, began) }
    }

    private func evaluate(
        _ call: GRPCServerCall, _ request: TxnRequest, _ caller: Identity, term: Term,
        _ began: MonotonicTime
    ) {
        do throws(ReadError) {
            let transaction = try ReadOnlyTransaction(
                request, by: caller, in: context.runtime.store)
            advance(transaction, call, term: term, began)
        } catch {
            fail(call, error, began)
        }
    }

    /// Runs slices between other work of the event loop until the response is complete.
    private func advance(
        _ transaction: ReadOnlyTransaction, _ call: GRPCServerCall, term: Term,
        _ began: MonotonicTime
    ) {
        guard !call.isClosed else { return transaction.close() }
        do throws(ReadError) {
            guard try transaction.advance() else {
                return call.eventLoop.assumeIsolated().execute {
                    advance(transaction, call, term: term, began)
                }
            }
        } catch {
            return fail(call, error, began)
        }
        var response = transaction.response
        call.responseLogValue = response.succeeded ? 1 : 0
        response.header = context.header(revision: transaction.revision, term: term)
        call.respond(response)
        context.metrics.requestEnded(.readOnlyTransaction, took: .now() - began, isSuccess: true)
    }

    private func fail(_ call: GRPCServerCall, _ error: ReadError, _ began: MonotonicTime) {
        call.fail(context.runtime.clientError(for: error))
        context.metrics.requestEnded(.readOnlyTransaction, took: .now() - began, isSuccess: false)
    }

    private func compact(
        _ call: GRPCServerCall, _ request: CompactionRequest, _ bytes: [UInt8], _ caller: Identity
    ) {
        let field = InternalRaftRequest.Field.compaction
        context.propose(field, bytes, by: caller, for: call) { _, header in
            call.respond(HeaderResponse(header: header))
        }
    }
}
