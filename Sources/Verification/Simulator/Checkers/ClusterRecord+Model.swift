import EtcdAPI
import Checkers
import Linearizability
import StateMachine

/// Every entry is applied to the model of the store as well: its response and the state after it
/// must be the same.
extension ClusterRecord {
    /// Checks the response to an entry against the model. Returns the state after it.
    func model(_ item: AppliedItem) throws(Finding) -> StoreModel.State? {
        guard item.entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: item.entry.data),
            let operation = StoreOperation(request.payload)
        else { return nil }
        if case .failed(.noSpace) = item.applied.response.body { return nil }
        if case .failed = item.applied.response.body {
            try requireReason(toRefuse: operation)
            return nil
        }
        guard let response = try? StoreResponse(item.applied.response) else {
            throw Finding("\(operation) has the response \(item.applied.response.body)")
        }
        let log = log
        let state = StoreModel.State(
            revision: log.newest, pairs: log.pairs(.all, at: log.newest))
        let model = StoreModel { key, end, revision in
            guard revision >= log.compacted, revision <= log.newest else { return nil }
            return log.pairs(KeyRange(key: key, end: end), at: revision)
        }
        guard let after = model.step(state, operation, response) else {
            throw Finding("\(operation) at \(state) cannot have the response \(response)")
        }
        return after
    }

    func requireState(_ modelled: StoreModel.State?) throws(Finding) {
        guard let modelled else { return }
        let pairs = log.pairs(.all, at: log.newest)
        guard modelled.revision != log.newest || modelled.pairs != pairs else { return }
        throw Finding(
            "the store is at \(log.newest) with \(pairs), expected \(modelled)")
    }

    /// A change may be refused only for a missing lease, or a revision that cannot be read.
    private func requireReason(toRefuse operation: StoreOperation) throws(Finding) {
        let hasReason = operation.contains { part in
            switch part {
            case .put(_, _, let lease, _):
                lease != 0 && leases.grantedSeconds(of: lease) == nil
            case .range(_, _, _, let revision):
                revision != 0 && (revision < log.compacted || revision > log.newest)
            default: false
            }
        }
        guard !hasReason else { return }
        throw Finding("\(operation) is refused without a reason")
    }
}

extension StoreOperation {
    /// Whether the operation, or one nested in it, matches.
    fileprivate func contains(_ matches: (StoreOperation) -> Bool) -> Bool {
        if case .transaction(_, let success, let failure) = self {
            return (success + failure).contains { $0.contains(matches) }
        }
        return matches(self)
    }
}
