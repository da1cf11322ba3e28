package import Identifiers

/// The whole store with its revisions, as etcd defines it: a transaction that changes something
/// takes the next revision, which all its changes share; nothing else takes one.
package struct StoreModel: SequentialModel {
    /// The pairs, ascending by key, and the revision.
    package struct State: Hashable, Sendable {
        package var revision: Revision
        package var pairs: [StoredPair]

        /// An empty store has revision 1.
        package init(revision: Revision = 1, pairs: [StoredPair] = []) {
            self.revision = revision
            self.pairs = pairs.sorted { $0.key < $1.key }
        }
    }

    /// The pairs of a range as of an old revision; nil if it cannot be read.
    package typealias OldRevisionReader =
        @Sendable (_ key: String, _ end: String?, _ revision: Revision) -> [StoredPair]?

    private let readOld: OldRevisionReader?

    /// - Parameter readOld: gives the responses of reads at old revisions; without it these are not
    ///   checked.
    package init(readOld: OldRevisionReader? = nil) { self.readOld = readOld }

    package func step(
        _ state: State, _ operation: StoreOperation, _ response: StoreResponse?
    ) -> State? {
        let (after, expected) = execute(state, operation)
        guard let response else { return after }
        return expected.allows(response) ? after : nil
    }

    /// The state after an operation, and the response to it.
    package func execute(
        _ state: State, _ operation: StoreOperation
    ) -> (state: State, response: StoreResponse) {
        var execution = Execution(state, readOld)
        let body = execution.run(operation)
        let after = execution.finish()
        return (after, StoreResponse(revision: after.revision, body))
    }

    /// One transaction under way.
    private struct Execution {
        private var state: State
        /// The state that comparisons see, at every nesting level.
        private let before: State
        private let revision: Revision
        private var hasChanged = false
        private let readOld: OldRevisionReader?

        init(_ state: State, _ readOld: OldRevisionReader?) {
            self.state = state
            self.readOld = readOld
            before = state
            revision = state.revision.next
        }

        func finish() -> State {
            var state = state
            if hasChanged { state.revision = revision }
            return state
        }

        mutating func run(_ operation: StoreOperation) -> StoreResponseBody {
            switch operation {
            case .put(let key, let value, let lease, let wantsPrevious):
                let previous = put(key, value, lease)
                return .put(previous: wantsPrevious ? previous : nil)
            case .delete(let key, let end, let wantsPrevious):
                let previous = delete(key, end)
                return .deleted(previous.count, previous: wantsPrevious ? previous : [])
            case .range(let key, let end, let limit, 0): return limited(range(key, end), limit)
            case .range(let key, let end, let limit, let revision):
                guard let readOld else { return .unknown }
                return readOld(key, end, revision).map { limited($0, limit) } ?? .unreadable
            case .transaction(let comparisons, let success, let failure):
                let succeeded = comparisons.allSatisfy(holds)
                let results = (succeeded ? success : failure).map { run($0) }
                return .transaction(succeeded: succeeded, results)
            }
        }

        private func limited(_ found: [StoredPair], _ limit: Int) -> StoreResponseBody {
            let returned = limit > 0 ? Array(found.prefix(limit)) : found
            return .range(returned, omitted: found.count - returned.count)
        }

        /// Returns the previous pair.
        private mutating func put(
            _ key: String, _ value: String, _ lease: Int64
        ) -> StoredPair? {
            hasChanged = true
            let index = state.pairs.firstIndex { $0.key >= key } ?? state.pairs.count
            var pair = StoredPair(
                key: key, value: value, created: revision, modified: revision, version: 1,
                lease: lease)
            guard index < state.pairs.count, state.pairs[index].key == key else {
                state.pairs.insert(pair, at: index)
                return nil
            }
            let previous = state.pairs[index]
            pair.created = previous.created
            pair.version = previous.version + 1
            state.pairs[index] = pair
            return previous
        }

        /// Returns the deleted pairs.
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
            case .version(let expected): return relate(pair?.version ?? 0, expected, comparison)
            case .created(let expected): return relate(pair?.created ?? 0, expected, comparison)
            case .modified(let expected): return relate(pair?.modified ?? 0, expected, comparison)
            case .lease(let expected): return relate(pair?.lease ?? 0, expected, comparison)
            case .value(let expected):
                guard let pair else { return false }
                return relate(pair.value, expected, comparison)
            }
        }

        private func relate<Value: Comparable>(
            _ actual: Value, _ expected: Value, _ comparison: StoreOperation.Comparison
        ) -> Bool {
            switch comparison.relation {
            case .equal: actual == expected
            case .notEqual: actual != expected
            case .less: actual < expected
            case .greater: actual > expected
            }
        }
    }
}
