import Linearizability

/// Histories of all operations on a few keys, made by running the model itself with overlapping
/// calls: right by construction.
enum RandomHistory {
    static func make(
        count: Int, unansweredOneIn: Int, _ random: inout RandomNumbers
    ) -> [StoreCall] {
        var state = StoreModel.State()
        return (0..<count).map { number in
            let operation = operation(number, &random)
            let outcome = StoreModel().outcome(of: operation, in: state)
            state = StoreModel().step(state, operation, outcome) ?? state
            return call(number, operation, outcome, unansweredOneIn, &random)
        }
    }

    /// A history whose store forgot one acknowledged put at once; the next call reads everything.
    static func makeLosingAPut(count: Int, _ random: inout RandomNumbers) -> [StoreCall] {
        var state = StoreModel.State()
        let lost = count / 2
        return (0..<count).map { number in
            var operation = operation(number, &random)
            if number == lost { operation = .put(key: "a", value: "lost") }
            if number == lost + 1 { operation = .range(key: "a", end: "z") }
            let outcome = StoreModel().outcome(of: operation, in: state)
            if number == lost {
                state.revision += 1
            } else {
                state = StoreModel().step(state, operation, outcome) ?? state
            }
            let isAnswered = number == lost || number == lost + 1
            return call(number, operation, outcome, isAnswered ? .max : 50, &random)
        }
    }

    /// The same history with one answer changed in one of several ways, right or wrong.
    static func mutate(_ calls: [StoreCall], _ random: inout RandomNumbers) -> [StoreCall] {
        var calls = calls
        let answered = calls.indices.filter { calls[$0].answer != nil }
        guard let position = answered.randomElement(using: &random),
            let other = answered.randomElement(using: &random),
            var outcome = calls[position].answer?.outcome,
            let otherOutcome = calls[other].answer?.outcome
        else { return calls }
        switch random.next() % 4 {
        case 0: outcome.revision += Int64(random.next() % 5) - 2
        case 1: outcome = otherOutcome
        case 2:
            if case .range(var pairs, _) = outcome.result, !pairs.isEmpty {
                pairs[0].version += 1
                outcome.result = .range(pairs)
            } else {
                outcome.result = .deleted(1)
            }
        default:
            calls[position] = StoreCall(
                client: calls[position].client, operation: calls[position].operation,
                calledAt: calls[position].calledAt)
            return calls
        }
        calls[position] = calls[position].answered(outcome)
        return calls
    }

    private static func operation(_ number: Int, _ random: inout RandomNumbers) -> StoreOperation {
        let key = ["a", "b", "c", "d"][Int(random.next() % 4)]
        let other = ["a", "b", "c", "d"][Int(random.next() % 4)]
        switch random.next() % 8 {
        case 0, 1, 2: return .put(key: key, value: "\(number)")
        case 3: return .delete(key: key)
        case 4: return .range(key: "a", end: "z")
        case 5:
            let comparison = StoreOperation.Comparison(
                key: key, .greater, .version(Int64(random.next() % 3)))
            return .transaction(
                [comparison],
                success: [.put(key: key, value: "\(number)"), .range(key: other, end: nil)],
                failure: [.delete(key: other), .range(key: key, end: nil)])
        default: return .range(key: key, end: nil)
        }
    }

    /// Calls take effect one after the other, 100 apart, each between its call and its answer.
    private static func call(
        _ number: Int, _ operation: StoreOperation, _ outcome: StoreOutcome,
        _ unansweredOneIn: Int, _ random: inout RandomNumbers
    ) -> StoreCall {
        let moment = number * 100
        let calledAt = moment - Int(random.next() % 200) * 2 - 1
        let returnedAt = moment + Int(random.next() % 200) * 2
        if random.next() % UInt64(unansweredOneIn) == 0 {
            return StoreCall(client: number, operation: operation, calledAt: calledAt)
        }
        return StoreCall(
            client: number, operation: operation, calledAt: calledAt, outcome: outcome,
            returnedAt: returnedAt)
    }
}

extension StoreModel {
    /// What a correct store answers.
    func outcome(of operation: StoreOperation, in state: State) -> StoreOutcome {
        let after = step(state, operation, nil) ?? state
        return StoreOutcome(
            revision: after.revision, result(of: operation, before: state, after: after))
    }

    private func result(
        of operation: StoreOperation, before: State, after: State
    ) -> StoreResult {
        switch operation {
        case .put: return .put()
        case .delete(let key, _, _):
            return .deleted(before.pairs.contains { $0.key == key } ? 1 : 0)
        case .range(let key, let end, _, _):
            return .range(
                after.pairs.filter { pair in
                    guard let end else { return pair.key == key }
                    return pair.key >= key && pair.key < end
                })
        case .transaction(let comparisons, let success, let failure):
            // One of the two branches gives the answer that the model accepts.
            for succeeded in [true, false] {
                let results = (succeeded ? success : failure).map {
                    result(of: $0, before: before, after: after)
                }
                let outcome = StoreOutcome(
                    revision: after.revision, .transaction(succeeded: succeeded, results))
                if step(before, operation, outcome) != nil { return outcome.result }
            }
            preconditionFailure("a branch of \(comparisons) is carried out")
        }
    }
}

extension RecordedCall where Operation == StoreOperation, Outcome == StoreOutcome {
    var isRead: Bool {
        if case .range = operation { return answer != nil }
        return false
    }

    /// The same call at the same time with another answer.
    func answered(_ outcome: StoreOutcome, operation: StoreOperation? = nil) -> StoreCall {
        StoreCall(
            client: client, operation: operation ?? self.operation, calledAt: calledAt,
            outcome: outcome, returnedAt: answer?.returnedAt ?? calledAt + 1)
    }
}

/// A seeded source of numbers.
struct RandomNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
