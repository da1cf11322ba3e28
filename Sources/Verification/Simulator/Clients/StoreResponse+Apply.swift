import EtcdAPI
import Checkers
import Linearizability
import StateMachine
import SwiftProtobuf

extension StoreResponse {
    /// The response to an applied proposal, in the form that the checkers use.
    init(_ response: ApplyResponse) throws {
        let body: StoreResponseBody =
            switch response.body {
            case .put(let response): try StoreResponseBody(.put(response))
            case .deleteRange(let response): try StoreResponseBody(.deleteRange(response))
            case .txn(let response): try StoreResponseBody(.txn(response))
            case .range(let response): try StoreResponseBody(.range(response))
            default: throw SimulationFailure("a response of another kind: \(response.body)")
            }
        self.init(revision: response.revision, body)
    }
}

extension StoreResponseBody {
    init(_ response: ResponseOp) throws {
        switch response {
        case .put(let response):
            let previous = try response.previous.map {
                StoredPair(try Mvccpb_KeyValue(serializedBytes: $0))
            }
            self = .put(previous: previous)
        case .deleteRange(let response):
            let decoded = try Etcdserverpb_DeleteRangeResponse(serializedBytes: response.encoded())
            self = .deleted(Int(decoded.deleted), previous: decoded.prevKvs.map { StoredPair($0) })
        case .range(let response):
            guard case .pairs(let pairs, let more, let count) = RecordedReadResponse(response),
                count >= pairs.count, more == (count > pairs.count)
            else {
                throw SimulationFailure(
                    "the response to a range is \(RecordedReadResponse(response))")
            }
            self = .range(pairs, omitted: count - pairs.count)
        case .txn(let response):
            self = try .transaction(
                succeeded: response.succeeded, response.responses.map { try StoreResponseBody($0) })
        }
    }
}
