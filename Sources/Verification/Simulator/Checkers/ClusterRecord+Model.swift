import EtcdAPI
import Checkers
import Linearizability
import StateMachine

/// Every entry is applied to the model of the store as well: its response and the state after it
/// must be the same. A member without a caller waiting for a response does not build it; the state
/// after the entry must be the same nevertheless, and so must each response that a member builds.
extension ClusterRecord {
    /// Applies an entry to the model and checks its response, if there is one, against that of the
    /// model. Returns the latter and the state after the entry.
    func model(
        _ item: AppliedItem, by member: SimulatedMember
    ) throws(Finding) -> (state: StoreModel.State, response: StoreResponse)? {
        guard item.entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: item.entry.data),
            let operation = StoreOperation(request.payload)
        else { return nil }
        if case .failed(.noSpace) = item.applied.response.body { return nil }
        if case .failed = item.applied.response.body {
            try requireReason(toRefuse: operation)
            return nil
        }
        let log = log
        let state = StoreModel.State(
            revision: log.newest, pairs: log.pairs(.all, at: log.newest))
        let model = StoreModel { key, end, revision in
            guard revision >= log.compacted, revision <= log.newest else { return nil }
            return log.pairs(KeyRange(key: key, end: end), at: revision)
        }
        let expected = model.execute(state, operation)
        try require(item, operation, expected.response, by: member)
        return expected
    }

    /// Checks the response of another member to an entry that was applied before.
    func requireResponse(
        _ item: AppliedItem, _ expected: StoreResponse, by member: SimulatedMember
    ) throws(Finding) {
        guard let request = try? InternalRaftRequest(decoding: item.entry.data),
            let operation = StoreOperation(request.payload)
        else { return }
        if case .failed(.noSpace) = item.applied.response.body { return }
        try require(item, operation, expected, by: member)
        if !item.isOmitted { member.simulation.report.count(.responsesCompared) }
    }

    private func require(
        _ item: AppliedItem, _ operation: StoreOperation, _ expected: StoreResponse,
        by member: SimulatedMember
    ) throws(Finding) {
        guard !item.isOmitted else {
            guard !member.configuration.buildsUnawaitedResponses else {
                throw Finding("\(operation) has no response")
            }
            return member.simulation.report.count(.responsesOmitted)
        }
        guard let response = try? StoreResponse(item.applied.response) else {
            throw Finding("\(operation) has the response \(item.applied.response.body)")
        }
        guard expected.allows(response) else {
            throw Finding("\(operation) has the response \(response), expected \(expected)")
        }
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

extension AppliedItem {
    /// Whether the response was not built.
    fileprivate var isOmitted: Bool {
        if case .omitted = applied.response.body { return true }
        return false
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
