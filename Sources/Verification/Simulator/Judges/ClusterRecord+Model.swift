import EtcdAPI
import Judges
import Linearizability
import StateMachine

/// Every entry is carried out by the model of the store as well: what it answers, and the state it
/// leaves, have to be the same.
extension ClusterRecord {
    /// Holds the outcome of an entry against the model of the store. Gives the state after it.
    func model(_ item: AppliedItem) throws(Finding) -> StoreModel.State? {
        guard item.entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: item.entry.data),
            let operation = StoreOperation(request.payload)
        else { return nil }
        if case .failed(.noSpace) = item.outcome.outcome.result { return nil }
        if case .failed = item.outcome.outcome.result {
            try requireReason(toRefuse: operation)
            return nil
        }
        guard let outcome = try? StoreOutcome(item.outcome.outcome) else {
            throw Finding("\(operation) is answered with \(item.outcome.outcome.result)")
        }
        let log = log
        let state = StoreModel.State(
            revision: log.newest, pairs: log.pairs(.all, at: log.newest))
        let model = StoreModel { key, end, revision in
            guard revision >= log.compacted, revision <= log.newest else { return nil }
            return log.pairs(KeyRange(key: key, end: end), at: revision)
        }
        guard let after = model.step(state, operation, outcome) else {
            throw Finding("\(operation) at \(state) cannot come to \(outcome)")
        }
        return after
    }

    func requireState(_ modelled: StoreModel.State?) throws(Finding) {
        guard let modelled else { return }
        let pairs = log.pairs(.all, at: log.newest)
        guard modelled.revision != log.newest || modelled.pairs != pairs else { return }
        throw Finding(
            "the store is at \(log.newest) with \(pairs), it has to be at \(modelled)")
    }

    /// A change is refused only for a lease that does not live, or a revision that cannot be read.
    private func requireReason(toRefuse operation: StoreOperation) throws(Finding) {
        let isRight = operation.contains { part in
            switch part {
            case .put(_, _, let lease, _):
                lease != 0 && leases.grantedSeconds(of: lease) == nil
            case .range(_, _, _, let revision):
                revision != 0 && (revision < log.compacted || revision > log.newest)
            default: false
            }
        }
        guard !isRight else { return }
        throw Finding("\(operation) is refused without a reason")
    }
}

extension StoreOperation {
    /// Whether the operation, or one within it, is such.
    fileprivate func contains(_ isSuch: (StoreOperation) -> Bool) -> Bool {
        if case .transaction(_, let success, let failure) = self {
            return (success + failure).contains { $0.contains(isSuch) }
        }
        return isSuch(self)
    }
}
