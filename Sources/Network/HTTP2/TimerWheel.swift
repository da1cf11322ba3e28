package import MonotonicClock

/// A timer in a `TimerWheel`.
package protocol TimerWheelEntry: AnyObject {
    /// The position of this entry in the wheel; nil when it is not in the wheel.
    var timerPosition: TimerWheelPosition? { get set }
    /// The deadline, by the event loop's clock.
    var timerDeadline: MonotonicTime { get }
    /// Called once, after the entry was removed from the wheel.
    func timerFired()
}

/// A position in a `TimerWheel`.
package struct TimerWheelPosition {
    var slot: Int
    var index: Int
}

/// A hashed timer wheel: inserting and removing are O(1) and do not allocate.
///
/// A deadline for each call and a keepalive for each connection would be thousands of timers in the
/// event loop's heap, nearly all of which never fire. Here they share one tick. An entry due later
/// than one revolution of the wheel stays in its slot until its deadline.
///
/// Invariant: an entry's `timerPosition` is its position in `slots`, or nil when it is in none.
package struct TimerWheel {
    package let tickInterval: TimeSpan
    package private(set) var count = 0
    private var slots: [[any TimerWheelEntry]]
    private var lastTick: Int64

    package init(tickInterval: TimeSpan, slotCount: Int, now: MonotonicTime) {
        precondition(tickInterval > .zero && slotCount > 0, "a wheel needs slots and a tick")
        self.tickInterval = tickInterval
        self.slots = Array(repeating: [], count: slotCount)
        self.lastTick = (now - .zero) / tickInterval
    }

    /// Adds an entry; it fires at the first tick at or after its deadline.
    package mutating func insert(_ entry: any TimerWheelEntry) {
        precondition(entry.timerPosition == nil, "a timer is inserted once")
        let rounded = tickNumber(of: entry.timerDeadline) + 1
        let slot = Int(max(rounded, lastTick + 1) % Int64(slots.count))
        entry.timerPosition = TimerWheelPosition(slot: slot, index: slots[slot].count)
        slots[slot].append(entry)
        count += 1
    }

    /// Removes an entry, if it is in the wheel.
    package mutating func remove(_ entry: any TimerWheelEntry) {
        guard let position = entry.timerPosition else { return }
        entry.timerPosition = nil
        let last = slots[position.slot].removeLast()
        if last !== entry {
            slots[position.slot][position.index] = last
            last.timerPosition = position
        }
        count -= 1
    }

    /// Removes the entries due by `now`, in no particular order.
    package mutating func takeDue(now: MonotonicTime, into due: inout [any TimerWheelEntry]) {
        let currentTick = tickNumber(of: now)
        guard currentTick > lastTick else { return }
        let ticks = min(currentTick - lastTick, Int64(slots.count))
        for tick in (currentTick - ticks + 1)...currentTick {
            takeDue(slot: Int(tick % Int64(slots.count)), now, into: &due)
        }
        lastTick = currentTick
    }

    /// Continues at `now` after a time without ticks.
    package mutating func restart(now: MonotonicTime) {
        precondition(count == 0, "only an empty wheel may skip time")
        lastTick = tickNumber(of: now)
    }

    private func tickNumber(of time: MonotonicTime) -> Int64 { (time - .zero) / tickInterval }

    private mutating func takeDue(
        slot: Int, _ now: MonotonicTime, into due: inout [any TimerWheelEntry]
    ) {
        var index = 0
        while index < slots[slot].count {
            let entry = slots[slot][index]
            if entry.timerDeadline <= now {
                remove(entry)
                due.append(entry)
            } else {
                index += 1
            }
        }
    }
}
