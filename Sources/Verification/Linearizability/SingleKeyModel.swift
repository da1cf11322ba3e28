package import Identifiers

/// The model of one key, for histories in which each operation concerns one key: each key is
/// checked separately, which is much faster (Herlihy and Wing: linearizability is local).
///
/// Changes of other keys take revisions too, so only the order of revisions is known: each change
/// has a greater one than all before it. The revision of a pending change is learned from later
/// reads.
package struct SingleKeyModel: SequentialModel {
    package struct State: Hashable, Sendable {
        var value: String?
        /// 0 when the key is missing.
        var version: Int64 = 0
        /// nil until it is known.
        var created: Revision?
        var modified: Revision?
        /// No later change has this revision or a lower one.
        var newestSeen: Revision

        package init(newestSeen: Revision = 1) {
            self.newestSeen = newestSeen
        }
    }

    package init() {}

    package func step(
        _ state: State, _ operation: StoreOperation, _ response: StoreResponse?
    ) -> State? {
        switch operation {
        case .put(_, let value, _, _): put(value, state, response)
        case .delete: delete(state, response)
        case .range: read(state, response)
        case .transaction: nil
        }
    }

    private func put(_ value: String, _ state: State, _ response: StoreResponse?) -> State? {
        var after = state
        after.value = value
        after.version += 1
        after.modified = response?.revision
        if state.version == 0 { after.created = response?.revision }
        guard let response else { return after }
        guard case .put = response.body, response.revision > state.newestSeen else { return nil }
        after.newestSeen = response.revision
        return after
    }

    private func delete(_ state: State, _ response: StoreResponse?) -> State? {
        var after = State(newestSeen: state.newestSeen)
        guard let response else { return after }
        let isPresent = state.version > 0
        guard case .deleted(isPresent ? 1 : 0, _) = response.body else { return nil }
        let lowest = isPresent ? state.newestSeen + 1 : state.newestSeen
        guard response.revision >= lowest else { return nil }
        after.newestSeen = response.revision
        return after
    }

    private func read(_ state: State, _ response: StoreResponse?) -> State? {
        guard let response else { return state }
        guard case .range(let pairs, _) = response.body, response.revision >= state.newestSeen,
            pairs.count == (state.version > 0 ? 1 : 0)
        else { return nil }
        var after = state
        after.newestSeen = response.revision
        guard let pair = pairs.first else { return after }
        guard pair.value == state.value, pair.version == state.version,
            pair.created == state.created ?? pair.created,
            pair.modified == state.modified ?? pair.modified, pair.modified <= response.revision
        else { return nil }
        after.created = pair.created
        after.modified = pair.modified
        return after
    }
}
