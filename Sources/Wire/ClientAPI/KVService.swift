internal import EtcdAPI
internal import GRPC
internal import ReplicaRuntime
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
            outcome, header in
            guard case .put(var answer) = outcome.result else { return }
            answer.header = header
            call.answer(answer)
        }
    }

    private func deleteRange(
        _ call: GRPCServerCall, _ request: DeleteRangeRequest, _ bytes: [UInt8]
    ) {
        if let error = RequestChecks.check(request) { return call.fail(error) }
        let field = InternalRaftRequest.Field.deleteRange
        context.propose(field, bytes, for: call) { outcome, header in
            guard case .deleteRange(var answer) = outcome.result else { return }
            call.answerNumber = answer.deleted
            answer.header = header
            call.answer(answer)
        }
    }

    private func transaction(_ call: GRPCServerCall, _ request: TxnRequest, _ bytes: [UInt8]) {
        let maximum = context.settings.transactionOperationsMax
        if let error = RequestChecks.check(request, operationsMax: maximum) {
            return call.fail(error)
        }
        if request.isReadOnly { return readOnly(call, request) }
        let field = InternalRaftRequest.Field.txn
        context.propose(field, bytes, costBytes: Quota.cost(of: request), for: call) {
            outcome, header in
            guard case .txn(var answer) = outcome.result else { return }
            call.answerNumber = answer.succeeded ? 1 : 0
            answer.header = header
            call.answer(answer)
        }
    }

    /// A transaction of ranges alone is not logged: it reads at one revision, on the thread that
    /// owns the state, so that compares and ranges see the same.
    private func readOnly(_ call: GRPCServerCall, _ request: TxnRequest) {
        let began = monotonicNanoseconds()
        guard !request.isSerializable else { return evaluate(call, request, began) }
        context.linearized(call) { _ in evaluate(call, request, began) }
    }

    private func evaluate(_ call: GRPCServerCall, _ request: TxnRequest, _ began: Int64) {
        let context = self.context
        context.port(call).onState({ state in
            Result { () throws(StateError) in try state.evaluate(request) }
        }) { result in
            let outcome = context.outcome(of: result)
            var isSuccess = true
            if case .failed = outcome.result { isSuccess = false }
            context.meter.requestEnded(
                .readOnlyTransaction, nanoseconds: monotonicNanoseconds() - began,
                isSuccess: isSuccess)
            switch outcome.result {
            case .txn(var answer):
                call.answerNumber = answer.succeeded ? 1 : 0
                let term = context.runtime.term
                answer.header = context.header(revision: outcome.revision, term: term)
                call.answer(answer)
            case .failed(let error): call.fail(error)
            default: preconditionFailure("a transaction gives its answer or an error")
            }
        }
    }

    private func compact(_ call: GRPCServerCall, _ request: CompactionRequest, _ bytes: [UInt8]) {
        let field = InternalRaftRequest.Field.compaction
        context.propose(field, bytes, for: call) { _, header in
            call.answer(HeaderAnswer(header: header))
        }
    }
}

extension ServiceContext {
    /// The outcome of a transaction of reads. Damage that it met stops the member.
    fileprivate func outcome(of result: Result<ApplyOutcome, StateError>) -> ApplyOutcome {
        switch result {
        case .success(let outcome): return outcome
        case .failure(let failure):
            let refusal = runtime.refusal(of: failure)
            return ApplyOutcome(revision: 0, result: .failed(refusal))
        }
    }
}
