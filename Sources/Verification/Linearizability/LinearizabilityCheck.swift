/// Decides whether a history of concurrent operations is linearizable (Herlihy and Wing 1990).
///
/// Wing and Gong's search with Lowe's cache ("Testing for linearizability", 2016): walks the calls
/// and returns in the order of time, tries to linearize each open call, and backtracks at a return
/// whose call is not linearized. A combination of linearized calls and state is tried once.
package struct LinearizabilityCheck<Model: SequentialModel> {
    package typealias Call = RecordedCall<Model.Operation, Model.Response>

    private let model: Model
    private let calls: [Call]
    private var timeline: Timeline
    private var linearized: CallSet
    private var state: Model.State
    private var remaining: Int
    private var cache: Set<CacheEntry> = []
    private var chosen: [(call: Int, before: Model.State)] = []
    private var longest: [Int] = []
    private var stuck: [Int] = []

    private struct CacheEntry: Hashable {
        let linearized: CallSet
        let state: Model.State
    }

    /// - Parameter calls: the history, in any order.
    package init(_ model: Model, _ calls: [Call], from initial: Model.State) {
        self.model = model
        self.calls = calls
        timeline = Timeline(calls.map { ($0.calledAt, $0.completion?.returnedAt) })
        linearized = CallSet(count: calls.count)
        state = initial
        remaining = calls.count { $0.completion != nil }
    }

    /// Searches for a linearization, with at most so many steps.
    package mutating func run(stepsMax: Int = 20_000_000) -> Verdict {
        var cursor = timeline.first
        for _ in 0..<stepsMax {
            // Pending calls need not take effect.
            if remaining == 0 { return .linearizable }
            if let event = cursor, let call = timeline.openCall(at: event) {
                cursor = linearize(call) ? timeline.first : timeline.next(event)
                continue
            }
            // A return whose call is not linearized, or the end: an earlier choice was wrong.
            recordDeadEnd()
            guard let last = chosen.popLast() else {
                return .violation(longest: longest, stuck: stuck)
            }
            undo(last.call, last.before)
            cursor = timeline.next(timeline.callEvent(of: last.call))
        }
        return .undecided(steps: stepsMax)
    }

    /// Linearizes a call, if the model allows it and the combination was not tried before.
    private mutating func linearize(_ call: Int) -> Bool {
        let recorded = calls[call]
        let response = recorded.completion?.response
        guard let next = model.step(state, recorded.operation, response) else { return false }
        linearized.insert(call)
        guard cache.insert(CacheEntry(linearized: linearized, state: next)).inserted else {
            linearized.remove(call)
            return false
        }
        chosen.append((call, state))
        state = next
        if recorded.completion != nil { remaining -= 1 }
        timeline.remove(call)
        return true
    }

    private mutating func undo(_ call: Int, _ before: Model.State) {
        linearized.remove(call)
        state = before
        if calls[call].completion != nil { remaining += 1 }
        timeline.restore(call)
    }

    /// Keeps the longest order for the report of a violation.
    private mutating func recordDeadEnd() {
        guard chosen.count > longest.count || stuck.isEmpty else { return }
        longest = chosen.map(\.call)
        stuck = timeline.openCalls()
    }
}
