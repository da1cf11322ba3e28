import Linearizability
import Testing

/// Histories made by running the model itself with overlapping calls: right by construction, and
/// wrong after one answer is changed.
@Suite("Random histories")
struct RandomHistoryTests {
    @Test(arguments: 1...20)
    func whatTheModelDoesIsLinearizable(seed: UInt64) {
        let calls = Self.history(seed: seed, count: 300)
        let history = StoreHistory(calls)
        #expect(history.check() == .linearizable, "seed \(seed)")
        #expect(history.checkByKey() == .linearizable, "seed \(seed)")
    }

    @Test(arguments: 1...20)
    func aChangedAnswerIsFound(seed: UInt64) {
        var calls = Self.history(seed: seed, count: 200)
        var generator = Generator(state: seed)
        let position = Int(generator.next() % UInt64(calls.count))
        let call = calls[position]
        guard let answer = call.answer else { return }
        let wrong = StoreOutcome(revision: answer.outcome.revision + 1000, answer.outcome.result)
        calls[position] = StoreCall(
            client: call.client, operation: call.operation, calledAt: call.calledAt,
            outcome: wrong, returnedAt: answer.returnedAt)
        let verdict = StoreHistory(calls).check()
        #expect(verdict != .linearizable, "seed \(seed)")
    }

    /// Calls take effect one after the other, each at some moment between its call and its answer;
    /// one in twenty goes unanswered.
    private static func history(seed: UInt64, count: Int) -> [StoreCall] {
        var generator = Generator(state: seed)
        var state = StoreModel.State()
        var calls: [StoreCall] = []
        for number in 0..<count {
            let key = ["a", "b", "c"][Int(generator.next() % 3)]
            let operation: StoreOperation =
                switch generator.next() % 5 {
                case 0, 1: .put(key: key, value: "\(number)")
                case 2: .delete(key: key)
                default: .range(key: key, end: nil)
                }
            let moment = number * 100
            let calledAt = moment - Int(generator.next() % 400) * 2 - 1
            let returnedAt = moment + Int(generator.next() % 400) * 2
            let (after, outcome) = run(operation, state)
            state = after
            if generator.next() % 20 == 0 {
                calls.append(StoreCall(client: number, operation: operation, calledAt: calledAt))
            } else {
                calls.append(
                    StoreCall(
                        client: number, operation: operation, calledAt: calledAt,
                        outcome: outcome, returnedAt: returnedAt + 1))
            }
        }
        return calls
    }

    private static func run(
        _ operation: StoreOperation, _ state: StoreModel.State
    ) -> (StoreModel.State, StoreOutcome) {
        let after = StoreModel().step(state, operation, nil) ?? state
        let result: StoreResult =
            switch operation {
            case .put: .put()
            case .delete: .deleted(after == state ? 0 : 1)
            case .range(let key, _, _, _): .range(state.pairs.filter { $0.key == key })
            case .transaction: .transaction(succeeded: false, [])
            }
        return (after, StoreOutcome(revision: after.revision, result))
    }

    private struct Generator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ (state >> 33)) >> 11
        }
    }
}
