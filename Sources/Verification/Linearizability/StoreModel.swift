/// The whole store with its revisions, as etcd defines it: a transaction that changes something
/// takes the next revision, all its changes share it, and nothing else does.
package struct StoreModel: SequentialModel {
    /// The pairs, ascending by key, and the revision.
    package struct State: Hashable, Sendable {
        package var revision: Int64
        package var pairs: [StoredPair]

        /// An empty store begins with revision 1.
        package init(revision: Int64 = 1, pairs: [StoredPair] = []) {
            self.revision = revision
            self.pairs = pairs.sorted { $0.key < $1.key }
        }
    }

    package init() {}

    package func step(
        _ state: State, _ operation: StoreOperation, _ outcome: StoreOutcome?
    ) -> State? {
        var execution = Execution(state)
        let result = execution.run(operation)
        let after = execution.finish()
        if let outcome, outcome != StoreOutcome(revision: after.revision, result) { return nil }
        return after
    }

    /// One transaction under way.
    private struct Execution {
        private var state: State
        private let revision: Int64
        private var hasChanged = false

        init(_ state: State) {
            self.state = state
            revision = state.revision + 1
        }

        func finish() -> State {
            var state = state
            if hasChanged { state.revision = revision }
            return state
        }

        mutating func run(_ operation: StoreOperation) -> StoreResult {
            switch operation {
            case .put(let key, let value): return put(key, value)
            case .delete(let key): return delete(key)
            case .range(let key, let end): return .range(range(key, end))
            case .transaction(let comparisons, let success, let failure):
                let succeeded = comparisons.allSatisfy(holds)
                let results = (succeeded ? success : failure).map { run($0) }
                return .transaction(succeeded: succeeded, results)
            }
        }

        private func place(of key: String) -> Int? {
            state.pairs.firstIndex { $0.key == key }
        }

        private mutating func put(_ key: String, _ value: String) -> StoreResult {
            hasChanged = true
            if let place = place(of: key) {
                state.pairs[place].value = value
                state.pairs[place].modified = revision
                state.pairs[place].version += 1
            } else {
                let place = state.pairs.firstIndex { key < $0.key } ?? state.pairs.count
                let pair = StoredPair(
                    key: key, value: value, created: revision, modified: revision, version: 1)
                state.pairs.insert(pair, at: place)
            }
            return .put
        }

        private mutating func delete(_ key: String) -> StoreResult {
            guard let place = place(of: key) else { return .deleted(0) }
            hasChanged = true
            state.pairs.remove(at: place)
            return .deleted(1)
        }

        private func range(_ key: String, _ end: String?) -> [StoredPair] {
            state.pairs.filter { pair in
                guard let end else { return pair.key == key }
                return pair.key >= key && pair.key < end
            }
        }

        private func holds(_ comparison: StoreOperation.Comparison) -> Bool {
            let pair = place(of: comparison.key).map { state.pairs[$0] }
            switch comparison.target {
            case .version(let asked): return relate(pair?.version ?? 0, asked, comparison)
            case .created(let asked): return relate(pair?.created ?? 0, asked, comparison)
            case .modified(let asked): return relate(pair?.modified ?? 0, asked, comparison)
            case .value(let asked):
                guard let pair else { return false }
                return relate(pair.value, asked, comparison)
            }
        }

        private func relate<Value: Comparable>(
            _ actual: Value, _ asked: Value, _ comparison: StoreOperation.Comparison
        ) -> Bool {
            switch comparison.relation {
            case .equal: actual == asked
            case .notEqual: actual != asked
            case .less: actual < asked
            case .greater: actual > asked
            }
        }
    }
}
