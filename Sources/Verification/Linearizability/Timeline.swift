/// The calls and returns of a history in the order of time, as a linked list from which a call is
/// removed with its return, and restored. Every operation but `openCalls` takes constant time.
struct Timeline {
    /// Event `2 * call` is the call, `2 * call + 1` its return; the last event ends the list.
    private var following: [Int]
    private var preceding: [Int]
    private let isComplete: [Bool]
    private let end: Int

    init(_ times: [(calledAt: Int, returnedAt: Int?)]) {
        end = 2 * times.count
        isComplete = times.map { $0.returnedAt != nil }
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

    /// The first event left; nil if there is none.
    var first: Int? { next(end) }

    /// The next event; nil at the end.
    func next(_ event: Int) -> Int? {
        let next = following[event]
        return next == end ? nil : next
    }

    /// The call of an event; nil for a return.
    func openCall(at event: Int) -> Int? { event % 2 == 0 ? event / 2 : nil }

    func callEvent(of call: Int) -> Int { 2 * call }

    /// Removes a call and its return; calls are restored in the opposite order.
    mutating func remove(_ call: Int) {
        unlink(2 * call)
        if isComplete[call] { unlink(2 * call + 1) }
    }

    mutating func restore(_ call: Int) {
        if isComplete[call] { relink(2 * call + 1) }
        relink(2 * call)
    }

    /// The calls before the first return.
    func openCalls() -> [Int] {
        var calls: [Int] = []
        var cursor = first
        while let event = cursor, let call = openCall(at: event) {
            calls.append(call)
            cursor = next(event)
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

/// A set of calls, by index.
struct CallSet: Hashable {
    private var words: [UInt64]

    init(count: Int) {
        words = [UInt64](repeating: 0, count: (count + 63) / 64)
    }

    mutating func insert(_ call: Int) { words[call / 64] |= 1 << UInt64(call % 64) }
    mutating func remove(_ call: Int) { words[call / 64] &= ~(1 << UInt64(call % 64)) }
}
