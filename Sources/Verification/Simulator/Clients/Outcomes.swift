import EtcdAPI
import Judges
import Linearizability
import StateMachine
import SwiftProtobuf

extension StoreOutcome {
    /// What applying a proposal came to, as the judge sees it.
    init(_ outcome: ApplyOutcome) throws {
        let result: StoreResult =
            switch outcome.result {
            case .put(let answer): try StoreResult(.put(answer))
            case .deleteRange(let answer): try StoreResult(.deleteRange(answer))
            case .txn(let answer): try StoreResult(.txn(answer))
            case .range(let answer): try StoreResult(.range(answer))
            default: throw SimulationFailure("an answer of another kind: \(outcome.result)")
            }
        self.init(revision: outcome.revision, result)
    }
}

extension StoreResult {
    init(_ answer: OperationAnswer) throws {
        switch answer {
        case .put(let answer):
            let previous = try answer.previous.map {
                StoredPair(try Mvccpb_KeyValue(serializedBytes: $0))
            }
            self = .put(previous: previous)
        case .deleteRange(let answer):
            let decoded = try Etcdserverpb_DeleteRangeResponse(serializedBytes: answer.encoded())
            self = .deleted(Int(decoded.deleted), previous: decoded.prevKvs.map { StoredPair($0) })
        case .range(let answer):
            guard case .pairs(let pairs, let more, let count) = ReadAnswer(answer),
                count >= pairs.count, more == (count > pairs.count)
            else {
                throw SimulationFailure("a range is answered with \(ReadAnswer(answer))")
            }
            self = .range(pairs, leftOut: count - pairs.count)
        case .txn(let answer):
            self = try .transaction(
                succeeded: answer.succeeded, answer.responses.map { try StoreResult($0) })
        }
    }
}
