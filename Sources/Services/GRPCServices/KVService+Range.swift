internal import Auth
internal import EtcdAPI
internal import GRPC
internal import Identifiers
internal import MonotonicClock
internal import MVCC
internal import MemberRuntime
internal import StateMachine

/// Ranges: small responses are sent at once, large ones as fast as the client reads them.
extension KVService {
    func range(_ call: GRPCServerCall, _ request: RangeRequest, _ caller: Identity) {
        let started = MonotonicTime.now()
        guard !request.serializable else {
            let term = context.runtime.term
            return respond(call, request, caller, term: term, started: started)
        }
        context.linearized(call) { term in
            respond(call, request, caller, term: term, started: started)
        }
    }

    private func respond(
        _ call: GRPCServerCall, _ request: RangeRequest, _ caller: Identity, term: Term,
        started: MonotonicTime
    ) {
        let began = MonotonicTime.now()
        let isSuccess = respond(call, request, caller, term: term)
        let ended = MonotonicTime.now()
        context.metrics.rangeEnded(took: ended - began, isSuccess: isSuccess)
        context.metrics.requestEnded(
            .range, took: ended - started, isSuccess: isSuccess)
    }

    /// Sends the response, or starts to. Returns false when the range failed.
    private func respond(
        _ call: GRPCServerCall, _ request: RangeRequest, _ caller: Identity, term: Term
    ) -> Bool {
        var response = RangeResponse()
        do throws(ReadError) {
            switch try context.runtime.store.range(request, by: caller, into: &response) {
            case .complete(let revision):
                response.header = context.header(revision: revision, term: term)
                call.responseLogValue = response.count
                call.respond(range: response)
            case .large(let reader):
                LargeRangeResponse(reader, call: call, context: context, term: term).size()
            }
            return true
        } catch {
            call.fail(context.runtime.clientError(for: error))
            return false
        }
    }

    var rangeStreamMethod: GRPCMethod {
        context.stream("/etcdserverpb.KV/RangeStream", .serverStreaming) { _, rule in
            RangeStreamHandler(service: self, rule: rule)
        }
    }
}
