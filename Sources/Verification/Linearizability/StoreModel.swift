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

    /// The pairs of a range as of an old revision, nil where it cannot be read.
    package typealias Past =
        @Sendable (_ key: String, _ end: String?, _ revision: Int64) -> [StoredPair]?

    private let past: Past?

    /// - Parameter past: gives the answers of reads at old revisions; without it such an answer is
    ///   not judged.
    package init(past: Past? = nil) { self.past = past }

    package func step(
        _ state: State, _ operation: StoreOperation, _ outcome: StoreOutcome?
    ) -> State? {
        var execution = Execution(state, past)
        let result = execution.run(operation)
        let after = execution.finish()
        guard let outcome else { return after }
        return outcome.revision == after.revision && result.allows(outcome.result) ? after : nil
    }

    /// One transaction under way.
    private struct Execution {
        private var state: State
        /// What comparisons see, at every level.
        private let before: State
        private let revision: Int64
        private var hasChanged = false
        private let past: Past?

        init(_ state: State, _ past: Past?) {
            self.state = state
            self.past = past
            before = state
            revision = state.revision + 1
        }

        func finish() -> State {
            var state = state
            if hasChanged { state.revision = revision }
            return state
        }

        mutating func run(_ operation: StoreOperation) -> StoreResult {
            switch operation {
            case .put(let key, let value, let lease, let wantsPrevious):
                let previous = put(key, value, lease)
                return .put(previous: wantsPrevious ? previous : nil)
            case .delete(let key, let end, let wantsPrevious):
                let previous = delete(key, end)
                return .deleted(previous.count, previous: wantsPrevious ? previous : [])
            case .range(let key, let end, let limit, 0): return show(range(key, end), limit)
            case .range(let key, let end, let limit, let revision):
                guard let past else { return .unknown }
                return past(key, end, revision).map { show($0, limit) } ?? .unreadable
            case .transaction(let comparisons, let success, let failure):
                let succeeded = comparisons.allSatisfy(holds)
                let results = (succeeded ? success : failure).map { run($0) }
                return .transaction(succeeded: succeeded, results)
            }
        }

        private func show(_ found: [StoredPair], _ limit: Int) -> StoreResult {
            let shown = limit > 0 ? Array(found.prefix(limit)) : found
            return .range(shown, leftOut: found.count - shown.count)
        }

        /// The pair before.
        private mutating func put(
            _ key: String, _ value: String, _ lease: Int64
        ) -> StoredPair? {
            hasChanged = true
            let place = state.pairs.firstIndex { $0.key >= key } ?? state.pairs.count
            var pair = StoredPair(
                key: key, value: value, created: revision, modified: revision, version: 1,
                lease: lease)
            guard place < state.pairs.count, state.pairs[place].key == key else {
                state.pairs.insert(pair, at: place)
                return nil
            }
            let previous = state.pairs[place]
            pair.created = previous.created
            pair.version = previous.version + 1
            state.pairs[place] = pair
            return previous
        }

        /// The pairs that are gone now.
        private mutating func delete(_ key: String, _ end: String?) -> [StoredPair] {
            let previous = range(key, end)
            guard !previous.isEmpty else { return [] }
            hasChanged = true
            state.pairs.removeAll { Self.contains($0.key, key, end) }
            return previous
        }

        private func range(_ key: String, _ end: String?) -> [StoredPair] {
            state.pairs.filter { Self.contains($0.key, key, end) }
        }

        private static func contains(_ candidate: String, _ key: String, _ end: String?) -> Bool {
            guard let end else { return candidate == key }
            return candidate >= key && candidate < end
        }

        private func holds(_ comparison: StoreOperation.Comparison) -> Bool {
            let pairs = before.pairs.filter {
                Self.contains($0.key, comparison.key, comparison.end)
            }
            guard !pairs.isEmpty else { return holds(comparison, for: nil) }
            return pairs.allSatisfy { holds(comparison, for: $0) }
        }

        private func holds(
            _ comparison: StoreOperation.Comparison, for pair: StoredPair?
        ) -> Bool {
            switch comparison.target {
            case .version(let asked): return relate(pair?.version ?? 0, asked, comparison)
            case .created(let asked): return relate(pair?.created ?? 0, asked, comparison)
            case .modified(let asked): return relate(pair?.modified ?? 0, asked, comparison)
            case .lease(let asked): return relate(pair?.lease ?? 0, asked, comparison)
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
