/// One key alone, for histories of operations that each concern one key: each key's part is
/// checked by itself, which is quicker by far (Herlihy and Wing: linearizability is local).
///
/// Other keys' changes take revisions too, so of revisions only their order is known: each change
/// has a greater one than all before it. What an unanswered change got is learned from later reads.
package struct SingleKeyModel: SequentialModel {
    package struct State: Hashable, Sendable {
        var value: String?
        /// 0 when the key is missing.
        var version: Int64 = 0
        /// nil until something tells it.
        var created: Int64?
        var modified: Int64?
        /// No later change has this revision or a lower one.
        var newestSeen: Int64

        package init(newestSeen: Int64 = 1) {
            self.newestSeen = newestSeen
        }
    }

    package init() {}

    package func step(
        _ state: State, _ operation: StoreOperation, _ outcome: StoreOutcome?
    ) -> State? {
        switch operation {
        case .put(_, let value, _, _): put(value, state, outcome)
        case .delete: delete(state, outcome)
        case .range: read(state, outcome)
        case .transaction: nil
        }
    }

    private func put(_ value: String, _ state: State, _ outcome: StoreOutcome?) -> State? {
        var after = state
        after.value = value
        after.version += 1
        after.modified = outcome?.revision
        if state.version == 0 { after.created = outcome?.revision }
        guard let outcome else { return after }
        guard case .put = outcome.result, outcome.revision > state.newestSeen else { return nil }
        after.newestSeen = outcome.revision
        return after
    }

    private func delete(_ state: State, _ outcome: StoreOutcome?) -> State? {
        var after = State(newestSeen: state.newestSeen)
        guard let outcome else { return after }
        let isPresent = state.version > 0
        guard case .deleted(isPresent ? 1 : 0, _) = outcome.result else { return nil }
        let lowest = isPresent ? state.newestSeen + 1 : state.newestSeen
        guard outcome.revision >= lowest else { return nil }
        after.newestSeen = outcome.revision
        return after
    }

    private func read(_ state: State, _ outcome: StoreOutcome?) -> State? {
        guard let outcome else { return state }
        guard case .range(let pairs, _) = outcome.result, outcome.revision >= state.newestSeen,
            pairs.count == (state.version > 0 ? 1 : 0)
        else { return nil }
        var after = state
        after.newestSeen = outcome.revision
        guard let pair = pairs.first else { return after }
        guard pair.value == state.value, pair.version == state.version,
            pair.created == state.created ?? pair.created,
            pair.modified == state.modified ?? pair.modified, pair.modified <= outcome.revision
        else { return nil }
        after.created = pair.created
        after.modified = pair.modified
        return after
    }
}
