internal import Auth
internal import EtcdAPI
internal import GRPC
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

    /// A transaction that only contains ranges is not logged. It runs in the apply stage, so that
    /// compares and ranges read the same revision.
    private func readOnly(_ call: GRPCServerCall, _ request: TxnRequest, _ caller: Identity) {
        let began = MonotonicTime.now()
        guard !request.isSerializable else { return evaluate(call, request, caller, began) }
        context.linearized(call) { _ in evaluate(call, request, caller, began) }
    }

    private func evaluate(
        _ call: GRPCServerCall, _ request: TxnRequest, _ caller: Identity, _ began: MonotonicTime
    ) {
        let context = self.context
        context.submitter(call).onState({ state in
            Result { () throws(StateError) in try state.evaluate(request, by: caller) }
        }) { result in
            let applied = context.applyResponse(of: result)
            var isSuccess = true
            if case .failed = applied.body { isSuccess = false }
            context.metrics.requestEnded(
                .readOnlyTransaction, took: .now() - began,
                isSuccess: isSuccess)
            switch applied.body {
            case .txn(var response):
                call.responseLogValue = response.succeeded ? 1 : 0
                let term = context.runtime.term
                response.header = context.header(revision: applied.revision, term: term)
                call.respond(response)
            case .failed(let error): call.fail(error)
            default: preconditionFailure("a transaction has a transaction response or an error")
            }
        }
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

extension ServiceContext {
    /// The result of a read-only transaction. Corruption that it found stops the member.
    fileprivate func applyResponse(of result: Result<ApplyResponse, StateError>) -> ApplyResponse {
        switch result {
        case .success(let applied): return applied
        case .failure(let failure):
            let error = runtime.clientError(for: failure)
            return ApplyResponse(revision: 0, body: .failed(error))
        }
    }
}
