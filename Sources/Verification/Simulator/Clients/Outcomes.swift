import EtcdAPI
import Linearizability
import StateMachine
import SwiftProtobuf

extension StoreOutcome {
    /// What applying a proposal came to, as the judge sees it.
    init(_ outcome: ApplyOutcome) throws {
        let result: StoreResult
        switch outcome.result {
        case .put: result = .put
        case .deleteRange(let answer): result = .deleted(Int(answer.deleted))
        case .txn(let answer):
            result = try .transaction(
                succeeded: answer.succeeded, answer.responses.map { try StoreResult($0) })
        case .range(let answer): result = try StoreResult(answer)
        default: throw SimulationFailure("an answer of another kind: \(outcome.result)")
        }
        self.init(revision: outcome.revision, result)
    }
}

extension StoreResult {
    init(_ answer: OperationAnswer) throws {
        switch answer {
        case .put: self = .put
        case .deleteRange(let answer): self = .deleted(Int(answer.deleted))
        case .range(let answer): self = try StoreResult(answer)
        case .txn(let answer):
            self = try .transaction(
                succeeded: answer.succeeded, answer.responses.map { try StoreResult($0) })
        }
    }

    init(_ answer: RangeAnswer) throws {
        let decoded = try Etcdserverpb_RangeResponse(serializedBytes: answer.encoded())
        self = .range(
            decoded.kvs.map { pair in
                StoredPair(
                    key: String(decoding: pair.key, as: UTF8.self),
                    value: String(decoding: pair.value, as: UTF8.self),
                    created: pair.createRevision, modified: pair.modRevision,
                    version: pair.version)
            })
    }
}
