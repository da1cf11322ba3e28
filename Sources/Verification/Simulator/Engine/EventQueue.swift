/// What is to happen, by its virtual time; of what happens at one time, what was planned first.
///
/// A binary heap of plain words, the events beside it, so that moving in the heap costs little.
/// The order depends on nothing but what was scheduled, so a run can be repeated.
struct EventQueue<Event> {
    private struct Planned {
        let time: Nanoseconds
        let number: UInt64
        /// Where the event lies.
        let place: Int

        func isBefore(_ other: Planned) -> Bool {
            time != other.time ? time < other.time : number < other.number
        }
    }

    private var heap: [Planned] = []
    private var events: [Event?] = []
    private var vacant: [Int] = []
    private var planned: UInt64 = 0

    var isEmpty: Bool { heap.isEmpty }

    /// When the next event happens.
    var nextTime: Nanoseconds? { heap.first?.time }

    /// Plans an event.
    mutating func schedule(_ event: Event, at time: Nanoseconds) {
        let entry = Planned(time: time, number: planned, place: store(event))
        planned += 1
        var place = heap.count
        heap.append(entry)
        while place > 0 {
            let parent = (place - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            heap[place] = heap[parent]
            place = parent
        }
        heap[place] = entry
    }

    private mutating func store(_ event: Event) -> Int {
        guard let place = vacant.popLast() else {
            events.append(event)
            return events.count - 1
        }
        events[place] = event
        return place
    }

    /// Takes what happens next.
    mutating func next() -> (time: Nanoseconds, event: Event)? {
        guard let first = heap.first, let event = events[first.place].take() else { return nil }
        vacant.append(first.place)
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        return (first.time, event)
    }

    /// Puts an entry in the place of the first, and lower where it belongs.
    private mutating func sink(_ entry: Planned) {
        var place = 0
        while true {
            let left = 2 * place + 1
            guard left < heap.count else { break }
            let right = left + 1
            let isRightFirst = right < heap.count && heap[right].isBefore(heap[left])
            let child = isRightFirst ? right : left
            guard heap[child].isBefore(entry) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = entry
    }
}
