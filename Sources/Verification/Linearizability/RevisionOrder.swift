import Identifiers

/// Checks a history by its revisions. They leave so few possible orders that histories of any
/// length are checked quickly.
///
/// A change takes the next revision, and no other call takes it; any other call with that revision
/// in its response saw the store as the change left it. So each complete call has a position in the
/// order, and calls at the same position do not change anything. It remains to check:
/// - no call comes before one that had returned when it began;
/// - every response is what the model gives at its position;
/// - a revision that no complete call took was taken by a pending call that began in time. The
///   search tries these calls; if a pair was seen at the revision, only those that can have written
///   it.
struct RevisionOrder {
    private let calls: [StoreCall]
    private let initial: StoreModel.State
    private let model = StoreModel()
    /// The complete call that took each revision, and the calls that saw the store at it.
    private var changes: [Revision: Int] = [:]
    private var observations: [Revision: [Int]] = [:]
    private var newest: Revision
    /// Pending calls, with the lowest revision that each can have taken.
    private var pending: [(call: Int, lowest: Revision)] = []
    private var evidence: [Revision: StoredPair] = [:]

    private var stepsLeft: Int
    private var longest: [Int] = []
    private var stuck: [Int] = []

    init(_ calls: [StoreCall], from initial: StoreModel.State, stepsMax: Int) {
        self.calls = calls
        self.initial = initial
        newest = initial.revision
        stepsLeft = stepsMax
    }

    mutating func run() -> Verdict {
        let steps = stepsLeft
        guard assignPositions() && checkRealTimeOrder() else {
            return .violation(longest: longest, stuck: stuck)
        }
        switch replay() {
        case true: return .linearizable
        case false: return .violation(longest: longest, stuck: stuck)
        case nil: return .undecided(steps: steps)
        }
    }

    /// Assigns a position to each complete call; false if two changes take one revision, or a
    /// position is before the start of the history.
    private mutating func assignPositions() -> Bool {
        for (number, call) in calls.enumerated() {
            guard let response = call.completion?.response else { continue }
            let isChange = response.body.hasChanged
            guard response.revision >= initial.revision + (isChange ? 1 : 0) else {
                stuck = [number]
                return false
            }
            newest = max(newest, response.revision)
            response.body.forEachPair { evidence[$0.modified] = $0 }
            if !isChange {
                observations[response.revision, default: []].append(number)
            } else if let other = changes.updateValue(number, forKey: response.revision) {
                (longest, stuck) = ([other], [number])
                return false
            }
        }
        return true
    }

    /// Walks the calls in the order of time; false if one has a position before a call that had
    /// returned when it began. Also finds the revisions that pending calls can have taken.
    private mutating func checkRealTimeOrder() -> Bool {
        var ends: [(time: Int, call: Int)] = []
        for (number, call) in calls.enumerated() {
            if let completion = call.completion { ends.append((completion.returnedAt, number)) }
        }
        ends.sort { $0 < $1 }
        var ended = ends[...]
        var latest: (position: Position, call: Int)?
        for number in calls.indices.sorted(by: { calls[$0].calledAt < calls[$1].calledAt }) {
            while let end = ended.first, end.time < calls[number].calledAt {
                ended.removeFirst()
                guard let position = Position(of: calls[end.call]) else { continue }
                if latest.map({ $0.position < position }) ?? true { latest = (position, end.call) }
            }
            guard let position = Position(of: calls[number]) else {
                guard calls[number].operation.mayChange else { continue }
                let lowest = (latest?.position.revision ?? initial.revision) + 1
                pending.append((number, max(lowest, initial.revision.next)))
                continue
            }
            if let latest, position < latest.position {
                (longest, stuck) = ([latest.call], [number])
                return false
            }
        }
        return true
    }

    /// The position of a complete call in the order.
    private struct Position: Comparable {
        let revision: Revision
        let isObservation: Bool

        init?(of call: StoreCall) {
            guard let response = call.completion?.response else { return nil }
            revision = response.revision
            isObservation = !response.body.hasChanged
        }

        static func < (one: Position, other: Position) -> Bool {
            one.revision == other.revision
                ? !one.isObservation && other.isObservation : one.revision < other.revision
        }
    }

    /// A revision that no complete call took, and the call chosen for it.
    private struct Gap {
        let before: StoreModel.State
        /// The index in `pending` at which the search for the next choice continues.
        var next = 0
        let orderLength: Int
        var chosen: Int?
    }

    /// Runs all calls in order on the model, with another choice for the last gap where that fails;
    /// nil if it takes too many steps.
    private mutating func replay() -> Bool? {
        var gaps: [Gap] = []
        var used: Set<Int> = []
        var order: [Int] = []
        var state = initial
        var failed = !observe(state, &order)
        while failed || state.revision < newest {
            guard stepsLeft > 0 else { return nil }
            stepsLeft -= 1
            if failed {
                guard var gap = gaps.popLast() else { return false }
                if let chosen = gap.chosen { used.remove(chosen) }
                order.removeSubrange(gap.orderLength...)
                let isFirst = gap.chosen == nil
                guard let next = choose(for: &gap, used) else {
                    if isFirst {
                        recordDeadEnd(order, observations[gap.before.revision.next] ?? [])
                    }
                    continue
                }
                used.insert(next.call)
                gaps.append(gap)
                order.append(next.call)
                state = next.after
            } else if let change = changes[state.revision.next] {
                guard let next = apply(change, state) else {
                    recordDeadEnd(order, [change])
                    failed = true
                    continue
                }
                order.append(change)
                state = next
            } else {
                gaps.append(Gap(before: state, orderLength: order.count))
                failed = true
                continue
            }
            failed = !observe(state, &order)
        }
        return true
    }

    private func apply(_ call: Int, _ state: StoreModel.State) -> StoreModel.State? {
        model.step(state, calls[call].operation, calls[call].completion?.response)
    }

    /// Whether all responses at a revision are what the model gives.
    private mutating func observe(_ state: StoreModel.State, _ order: inout [Int]) -> Bool {
        for call in observations[state.revision] ?? [] {
            guard apply(call, state) != nil else {
                recordDeadEnd(order, [call])
                return false
            }
            order.append(call)
        }
        return true
    }

    /// The next pending call that can have taken the gap's revision, and the state after it.
    private func choose(
        for gap: inout Gap, _ used: Set<Int>
    ) -> (call: Int, after: StoreModel.State)? {
        let revision = gap.before.revision.next
        let seen = evidence[revision]
        while gap.next < pending.count {
            let (call, lowest) = pending[gap.next]
            gap.next += 1
            guard lowest <= revision, !used.contains(call),
                seen.map(calls[call].operation.mayWrite) ?? true,
                let after = model.step(gap.before, calls[call].operation, nil),
                after.revision == revision
            else { continue }
            if let seen, !after.pairs.contains(seen) { continue }
            gap.chosen = call
            return (call, after)
        }
        return nil
    }

    /// Keeps the longest order for the report of a violation.
    private mutating func recordDeadEnd(_ order: [Int], _ failing: [Int]) {
        guard order.count > longest.count || stuck.isEmpty else { return }
        (longest, stuck) = (order, failing)
    }
}

extension StoreResponseBody {
    /// Whether the call took a revision.
    var hasChanged: Bool {
        switch self {
        case .put: true
        case .deleted(let count, _): count > 0
        case .range, .unknown, .unreadable: false
        case .transaction(_, let results): results.contains(where: \.hasChanged)
        }
    }

    /// Calls a closure with each pair in the response.
    func forEachPair(_ body: (StoredPair) -> Void) {
        switch self {
        case .unknown, .unreadable: break
        case .put(let previous): previous.map(body)
        case .deleted(_, let pairs), .range(let pairs, _): pairs.forEach(body)
        case .transaction(_, let results): results.forEach { $0.forEachPair(body) }
        }
    }
}

extension StoreOperation {
    /// Whether the call can take a revision.
    var mayChange: Bool {
        switch self {
        case .put, .delete: true
        case .range: false
        case .transaction(_, let success, let failure):
            (success + failure).contains(where: \.mayChange)
        }
    }

    /// Whether the call can have written a pair.
    func mayWrite(_ pair: StoredPair) -> Bool {
        switch self {
        case .put(let key, let value, let lease, _):
            key == pair.key && value == pair.value && lease == pair.lease
        case .delete, .range: false
        case .transaction(_, let success, let failure):
            (success + failure).contains { $0.mayWrite(pair) }
        }
    }
}
