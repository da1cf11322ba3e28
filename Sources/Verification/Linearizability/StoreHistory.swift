package import Identifiers

/// The calls that clients made to one store, and the checks for them.
package struct StoreHistory: Sendable {
    package var calls: [StoreCall]

    package init(_ calls: [StoreCall]) {
        self.calls = calls
    }

    /// Checks the whole store with exact revisions: the strictest check, but the search covers all
    /// calls together.
    package func check(
        from state: StoreModel.State = StoreModel.State(), stepsMax: Int = 20_000_000
    ) -> Verdict {
        var check = LinearizabilityCheck(StoreModel(), calls, from: state)
        return check.run(stepsMax: stepsMax)
    }

    /// Checks the whole store with exact revisions, as `check` does, in time that grows with the
    /// length of the history: the revision of each response gives its position in the order.
    package func checkByRevision(
        from state: StoreModel.State = StoreModel.State(), stepsMax: Int = 20_000_000
    ) -> Verdict {
        var order = RevisionOrder(calls, from: state, stepsMax: stepsMax)
        return order.run()
    }

    /// Checks each key separately; nil unless every operation concerns one key. Indices in a
    /// violation are those of this history.
    package func checkByKey(newestRevision: Revision = 1, stepsMax: Int = 20_000_000) -> Verdict? {
        var parts: [String: [Int]] = [:]
        for (position, call) in calls.enumerated() {
            guard let key = call.operation.singleKey else { return nil }
            parts[key, default: []].append(position)
        }
        for (_, positions) in parts.sorted(by: { $0.key < $1.key }) {
            let initial = SingleKeyModel.State(newestSeen: newestRevision)
            var check = LinearizabilityCheck(
                SingleKeyModel(), positions.map { calls[$0] }, from: initial)
            switch check.run(stepsMax: stepsMax) {
            case .linearizable: continue
            case .violation(let longest, let stuck):
                return .violation(
                    longest: longest.map { positions[$0] }, stuck: stuck.map { positions[$0] })
            case .undecided(let steps): return .undecided(steps: steps)
            }
        }
        return .linearizable
    }

    /// A violation as text: the end of the longest order, and the calls that could not follow.
    package func describe(_ verdict: Verdict) -> String {
        switch verdict {
        case .linearizable: return "linearizable"
        case .undecided(let steps): return "undecided after \(steps) steps"
        case .violation(let longest, let stuck):
            let order = longest.suffix(8).map { describe(calls[$0]) }
            let open = stuck.map { describe(calls[$0]) }
            return "not linearizable: after\n  \(order.joined(separator: "\n  "))\n"
                + "none of these can follow\n  \(open.joined(separator: "\n  "))"
        }
    }

    private func describe(_ call: StoreCall) -> String {
        let response = call.completion.map { "\($0.response) at \($0.returnedAt)" } ?? "no response"
        return "client \(call.client) at \(call.calledAt): \(call.operation) -> \(response)"
    }
}

extension StoreOperation {
    /// The key, if the operation is not a transaction and concerns one key.
    var singleKey: String? {
        switch self {
        case .put(let key, _, _, _), .delete(let key, nil, _), .range(let key, nil, _, _): key
        case .delete, .range, .transaction: nil
        }
    }
}
