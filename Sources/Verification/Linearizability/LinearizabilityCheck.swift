/// Decides whether a history of concurrent operations is linearizable (Herlihy and Wing 1990).
///
/// Wing and Gong's search with Lowe's memory ("Testing for linearizability", 2016): walk the calls
/// and answers in the order of time, try to let each call that is open take effect, and go back
/// where an answer comes up whose call has not. A pair of calls carried out and state is looked at
/// once.
package struct LinearizabilityCheck<Model: SequentialModel> {
    package typealias Call = RecordedCall<Model.Operation, Model.Outcome>

    private let model: Model
    private let calls: [Call]
    private var timeline: Timeline
    private var done: CallSet
    private var state: Model.State
    private var missing: Int
    private var seen: Set<Visit> = []
    private var chosen: [(call: Int, before: Model.State)] = []
    private var longest: [Int] = []
    private var stuck: [Int] = []

    private struct Visit: Hashable {
        let done: CallSet
        let state: Model.State
    }

    /// - Parameter calls: the history, in any order.
    package init(_ model: Model, _ calls: [Call], from initial: Model.State) {
        self.model = model
        self.calls = calls
        timeline = Timeline(calls.map { ($0.calledAt, $0.answer?.returnedAt) })
        done = CallSet(count: calls.count)
        state = initial
        missing = calls.count { $0.answer != nil }
    }

    /// Searches for an order, for at most so many steps.
    package mutating func run(stepsMax: Int = 20_000_000) -> Verdict {
        var place = timeline.first
        for _ in 0..<stepsMax {
            // What was never answered need not have happened.
            if missing == 0 { return .linearizable }
            if let event = place, let call = timeline.openCall(at: event) {
                place = take(call) ? timeline.first : timeline.next(event)
                continue
            }
            // An answer whose call has not taken effect (or the end): something chosen was wrong.
            noteDeadEnd()
            guard let last = chosen.popLast() else {
                return .violation(longest: longest, stuck: stuck)
            }
            giveBack(last.call, last.before)
            place = timeline.next(timeline.callEvent(of: last.call))
        }
        return .undecided(steps: stepsMax)
    }

    /// Lets a call take effect, if the model allows it and this has not been tried before.
    private mutating func take(_ call: Int) -> Bool {
        let recorded = calls[call]
        let outcome = recorded.answer?.outcome
        guard let next = model.step(state, recorded.operation, outcome) else { return false }
        done.insert(call)
        guard seen.insert(Visit(done: done, state: next)).inserted else {
            done.remove(call)
            return false
        }
        chosen.append((call, state))
        state = next
        if recorded.answer != nil { missing -= 1 }
        timeline.remove(call)
        return true
    }

    private mutating func giveBack(_ call: Int, _ before: Model.State) {
        done.remove(call)
        state = before
        if calls[call].answer != nil { missing += 1 }
        timeline.restore(call)
    }

    /// Keeps the longest order for the report of a violation.
    private mutating func noteDeadEnd() {
        guard chosen.count > longest.count || stuck.isEmpty else { return }
        longest = chosen.map(\.call)
        stuck = timeline.openCalls()
    }
}
