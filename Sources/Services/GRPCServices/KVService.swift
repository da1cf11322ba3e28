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
            context.unary("/etcdserverpb.KV/Range", isForLearners: \RangeRequest.serializable) {
                call, request, _ in range(call, request)
            },
            context.unary("/etcdserverpb.KV/Put") { call, request, bytes in
                put(call, request, bytes)
            },
            context.unary("/etcdserverpb.KV/DeleteRange") { call, request, bytes in
                deleteRange(call, request, bytes)
            },
            context.unary("/etcdserverpb.KV/Txn") { call, request, bytes in
                transaction(call, request, bytes)
            },
            context.unary("/etcdserverpb.KV/Compact") { call, request, bytes in
                compact(call, request, bytes)
            },
            rangeStreamMethod,
        ]
    }

    private func put(_ call: GRPCServerCall, _ request: PutRequest, _ bytes: [UInt8]) {
        if let error = RequestChecks.check(request) { return call.fail(error) }
        let field = InternalRaftRequest.Field.put
        context.propose(field, bytes, costBytes: Quota.cost(of: request), for: call) {
            applied, header in
            guard case .put(var response) = applied.body else { return }
            response.header = header
            call.respond(response)
        }
    }

    private func deleteRange(
        _ call: GRPCServerCall, _ request: DeleteRangeRequest, _ bytes: [UInt8]
    ) {
        if let error = RequestChecks.check(request) { return call.fail(error) }
        let field = InternalRaftRequest.Field.deleteRange
        context.propose(field, bytes, for: call) { applied, header in
            guard case .deleteRange(var response) = applied.body else { return }
            call.responseLogValue = response.deleted
            response.header = header
            call.respond(response)
        }
    }

    private func transaction(_ call: GRPCServerCall, _ request: TxnRequest, _ bytes: [UInt8]) {
        let limit = context.configuration.transactionOperationsMax
        if let error = RequestChecks.check(request, operationsMax: limit) {
            return call.fail(error)
        }
        if request.isReadOnly { return readOnly(call, request) }
        let field = InternalRaftRequest.Field.txn
        context.propose(field, bytes, costBytes: Quota.cost(of: request), for: call) {
            applied, header in
            guard case .txn(var response) = applied.body else { return }
            call.responseLogValue = response.succeeded ? 1 : 0
            response.header = header
            call.respond(response)
        }
    }

    /// A transaction that only contains ranges is not logged. It runs in the apply stage, so that
    /// compares and ranges read the same revision.
    private func readOnly(_ call: GRPCServerCall, _ request: TxnRequest) {
        let began = MonotonicTime.now()
        guard !request.isSerializable else { return evaluate(call, request, began) }
        context.linearized(call) { _ in evaluate(call, request, began) }
    }

    private func evaluate(_ call: GRPCServerCall, _ request: TxnRequest, _ began: MonotonicTime) {
        let context = self.context
        context.submitter(call).onState({ state in
            Result { () throws(StateError) in try state.evaluate(request) }
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

    private func compact(_ call: GRPCServerCall, _ request: CompactionRequest, _ bytes: [UInt8]) {
        let field = InternalRaftRequest.Field.compaction
        context.propose(field, bytes, for: call) { _, header in
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
