/// Events ordered by virtual time; those of one time in the order in which they were scheduled.
///
/// A binary heap of plain words, the events stored beside it, so that moving in the heap costs
/// little. The order depends only on what was scheduled, so a run can be repeated.
struct EventQueue<Event> {
    private struct Entry {
        let time: VirtualTime
        let number: UInt64
        /// The slot of the event.
        let slot: Int

        func isBefore(_ other: Entry) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    private var heap: [Entry] = []
    private var events: [Event?] = []
    private var vacant: [Int] = []
    private var scheduled: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }

    /// The time of the next event.
    var nextTime: VirtualTime? { heap.first?.time }

    /// Schedules an event.
    mutating func schedule(_ event: Event, at time: VirtualTime) {
        let entry = Entry(time: time, number: scheduled, slot: store(event))
        scheduled += 1
        var index = heap.count
        heap.append(entry)
        while index > 0 {
            let parent = (index - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = entry
    }

    private mutating func store(_ event: Event) -> Int {
        guard let slot = vacant.popLast() else {
            events.append(event)
            return events.count - 1
        }
        events[slot] = event
        return slot
    }

    /// Removes the next event.
    mutating func next() -> (time: VirtualTime, event: Event)? {
        guard let first = heap.first, let event = events[first.slot].take() else { return nil }
        vacant.append(first.slot)
        let last = heap.removeLast()
        if !heap.isEmpty { siftDown(last) }
        return (first.time, event)
    }

    /// Replaces the first entry, and moves the new one down to its position.
    private mutating func siftDown(_ entry: Entry) {
        var index = 0
        while true {
            let left = 2 * index + 1
            guard left < heap.count else { break }
            let right = left + 1
            let isRightFirst = right < heap.count && heap[right].isBefore(heap[left])
            let child = isRightFirst ? right : left
            guard heap[child].isBefore(entry) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = entry
    }
}
