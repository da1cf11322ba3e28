/// Judges a history by its revisions: they leave so little choice that histories of any length are
/// decided at once.
///
/// A change takes the next revision and no other call takes it; whatever else was answered with that
/// revision saw the store as the change left it. So each answered call has its place in the order,
/// and calls that share a place do not change anything. What remains to be found:
/// - no call is placed before one that had ended when it began;
/// - every answer is what the model gives at its place;
/// - a revision that no answered call took was taken by one without an answer, begun in time. Which
///   one is searched for, first among those whose values somebody has seen at that revision.
struct RevisionOrder {
    private let calls: [StoreCall]
    private let initial: StoreModel.State
    private let model = StoreModel()
    /// The answered call that took a revision, and those that saw the store at it.
    private var changes: [Int64: Int] = [:]
    private var observations: [Int64: [Int]] = [:]
    private var newest: Int64
    /// Calls without an answer, with the lowest revision that each can have taken.
    private var unanswered: [(call: Int, lowest: Int64)] = []
    private var evidence: [Int64: StoredPair] = [:]

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
        guard place() && orderInTime() else { return .violation(longest: longest, stuck: stuck) }
        switch replay() {
        case true: return .linearizable
        case false: return .violation(longest: longest, stuck: stuck)
        case nil: return .undecided(steps: steps)
        }
    }

    /// Gives each answered call its place; false where two changes claim one, or a place is before
    /// the history began.
    private mutating func place() -> Bool {
        for (number, call) in calls.enumerated() {
            guard let outcome = call.answer?.outcome else { continue }
            let isChange = outcome.result.hasChanged
            guard outcome.revision >= initial.revision + (isChange ? 1 : 0) else {
                stuck = [number]
                return false
            }
            newest = max(newest, outcome.revision)
            outcome.result.eachPair { evidence[$0.modified] = $0 }
            if !isChange {
                observations[outcome.revision, default: []].append(number)
            } else if let other = changes.updateValue(number, forKey: outcome.revision) {
                (longest, stuck) = ([other], [number])
                return false
            }
        }
        return true
    }

    /// Walks through the calls by time; false where one is placed before another that had ended
    /// when it began. Finds on the way what the unanswered ones can have taken.
    private mutating func orderInTime() -> Bool {
        var ends: [(time: Int, call: Int)] = []
        for (number, call) in calls.enumerated() {
            if let answer = call.answer { ends.append((answer.returnedAt, number)) }
        }
        ends.sort { $0 < $1 }
        var ended = ends[...]
        var latest: (place: Place, call: Int)?
        for number in calls.indices.sorted(by: { calls[$0].calledAt < calls[$1].calledAt }) {
            while let end = ended.first, end.time < calls[number].calledAt {
                ended.removeFirst()
                guard let place = Place(of: calls[end.call]) else { continue }
                if latest.map({ $0.place < place }) ?? true { latest = (place, end.call) }
            }
            guard let place = Place(of: calls[number]) else {
                guard calls[number].operation.mayChange else { continue }
                let lowest = (latest?.place.revision ?? initial.revision) + 1
                unanswered.append((number, max(lowest, initial.revision + 1)))
                continue
            }
            if let latest, place < latest.place {
                (longest, stuck) = ([latest.call], [number])
                return false
            }
        }
        return true
    }

    /// Where an answered call stands in the order.
    private struct Place: Comparable {
        let revision: Int64
        let isObservation: Bool

        init?(of call: StoreCall) {
            guard let outcome = call.answer?.outcome else { return nil }
            revision = outcome.revision
            isObservation = !outcome.result.hasChanged
        }

        static func < (one: Place, other: Place) -> Bool {
            one.revision == other.revision
                ? !one.isObservation && other.isObservation : one.revision < other.revision
        }
    }

    /// A revision that no answered call took, and the choice made for it.
    private struct Gap {
        let before: StoreModel.State
        /// Where in `unanswered` the next choice is looked for.
        var position = 0
        let orderLength: Int
        var chosen: Int?
    }

    /// Carries everything out in order, with another choice for the last gap where that fails. nil
    /// when it takes too long.
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
                    if isFirst { note(order, observations[gap.before.revision + 1] ?? []) }
                    continue
                }
                used.insert(next.call)
                gaps.append(gap)
                order.append(next.call)
                state = next.after
            } else if let change = changes[state.revision + 1] {
                guard let next = carryOut(change, state) else {
                    note(order, [change])
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

    private func carryOut(_ call: Int, _ state: StoreModel.State) -> StoreModel.State? {
        model.step(state, calls[call].operation, calls[call].answer?.outcome)
    }

    /// Whether all that was seen at a state's revision is what the model gives.
    private mutating func observe(_ state: StoreModel.State, _ order: inout [Int]) -> Bool {
        for call in observations[state.revision] ?? [] {
            guard carryOut(call, state) != nil else {
                note(order, [call])
                return false
            }
            order.append(call)
        }
        return true
    }

    /// The next of the unanswered calls that can have taken the gap's revision, and what it left.
    private func choose(
        for gap: inout Gap, _ used: Set<Int>
    ) -> (call: Int, after: StoreModel.State)? {
        let revision = gap.before.revision + 1
        let seen = evidence[revision]
        while gap.position < unanswered.count {
            let (call, lowest) = unanswered[gap.position]
            gap.position += 1
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
    private mutating func note(_ order: [Int], _ failing: [Int]) {
        guard order.count > longest.count || stuck.isEmpty else { return }
        (longest, stuck) = (order, failing)
    }
}

extension StoreResult {
    /// Whether the call took a revision.
    var hasChanged: Bool {
        switch self {
        case .put: true
        case .deleted(let count, _): count > 0
        case .range, .unknown, .unreadable: false
        case .transaction(_, let results): results.contains(where: \.hasChanged)
        }
    }

    /// All pairs that a client was shown.
    func eachPair(_ body: (StoredPair) -> Void) {
        switch self {
        case .unknown, .unreadable: break
        case .put(let previous): previous.map(body)
        case .deleted(_, let pairs), .range(let pairs, _): pairs.forEach(body)
        case .transaction(_, let results): results.forEach { $0.eachPair(body) }
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

    /// Whether the call can leave a pair behind.
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
