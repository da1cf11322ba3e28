/// The calls and answers of a history in the order of time, as a list from which a call is taken
/// with its answer and put back again. Every operation but `openCalls` takes constant time.
struct Timeline {
    /// Event `2 * call` is a call, `2 * call + 1` its answer; the last one ends the list.
    private var following: [Int]
    private var preceding: [Int]
    private let hasAnswer: [Bool]
    private let end: Int

    init(_ times: [(calledAt: Int, returnedAt: Int?)]) {
        end = 2 * times.count
        hasAnswer = times.map { $0.returnedAt != nil }
        var events: [(time: Int, event: Int)] = []
        for (call, time) in times.enumerated() {
            events.append((time.calledAt, 2 * call))
            if let returnedAt = time.returnedAt { events.append((returnedAt, 2 * call + 1)) }
        }
        events.sort { $0 < $1 }
        following = [Int](repeating: end, count: end + 1)
        preceding = [Int](repeating: end, count: end + 1)
        var last = end
        for (_, event) in events {
            following[last] = event
            preceding[event] = last
            last = event
        }
        following[last] = end
        preceding[end] = last
    }

    /// The first event left; nil when none is.
    var first: Int? { next(end) }

    /// The event behind another; nil at the end.
    func next(_ event: Int) -> Int? {
        let next = following[event]
        return next == end ? nil : next
    }

    /// The call that an event is; nil for an answer.
    func openCall(at event: Int) -> Int? { event % 2 == 0 ? event / 2 : nil }

    func callEvent(of call: Int) -> Int { 2 * call }

    /// Takes a call and its answer out; they are put back in the opposite order.
    mutating func remove(_ call: Int) {
        unlink(2 * call)
        if hasAnswer[call] { unlink(2 * call + 1) }
    }

    mutating func restore(_ call: Int) {
        if hasAnswer[call] { relink(2 * call + 1) }
        relink(2 * call)
    }

    /// The calls before the first answer.
    func openCalls() -> [Int] {
        var calls: [Int] = []
        var place = first
        while let event = place, let call = openCall(at: event) {
            calls.append(call)
            place = next(event)
        }
        return calls
    }

    private mutating func unlink(_ event: Int) {
        following[preceding[event]] = following[event]
        preceding[following[event]] = preceding[event]
    }

    private mutating func relink(_ event: Int) {
        following[preceding[event]] = event
        preceding[following[event]] = event
    }
}

/// A set of calls, by their positions.
struct CallSet: Hashable {
    private var words: [UInt64]

    init(count: Int) {
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    mutating func insert(_ call: Int) { words[call / 64] |= 1 << UInt64(call % 64) }
    mutating func remove(_ call: Int) { words[call / 64] &= ~(1 << UInt64(call % 64)) }
}
