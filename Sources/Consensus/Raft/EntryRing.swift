/// A double-ended queue of entries in one ring buffer, so that neither compaction nor truncation
/// moves the remaining entries.
struct EntryRing: Sendable {
    private var slots: [Entry] = []
    private var head = 0
    private(set) var count = 0

    /// The entry at this offset from the first one.
    subscript(position: Int) -> Entry {
        precondition(position >= 0 && position < count, "the position is out of range")
        return slots[(head + position) & (slots.count - 1)]
    }

    mutating func append(_ entry: Entry) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = entry
        count += 1
    }

    /// Removes entries at the front and releases their data.
    mutating func removeFirst(_ dropped: Int) {
        precondition(dropped <= count, "more entries are removed than there are")
        for position in 0..<dropped {
            slots[(head + position) & (slots.count - 1)] = .vacant
        }
        count -= dropped
        head = count == 0 ? 0 : (head + dropped) & (slots.count - 1)
    }

    /// Removes entries at the end and releases their data.
    mutating func removeLast(_ dropped: Int) {
        precondition(dropped <= count, "more entries are removed than there are")
        for position in count - dropped..<count {
            slots[(head + position) & (slots.count - 1)] = .vacant
        }
        count -= dropped
    }

    /// Entries at these positions; their data is shared.
    func copy(_ range: Range<Int>) -> [Entry] {
        precondition(range.upperBound <= count, "the range is out of bounds")
        var copied: [Entry] = []
        copied.reserveCapacity(range.count)
        for position in range {
            copied.append(slots[(head + position) & (slots.count - 1)])
        }
        return copied
    }

    private mutating func grow() {
        let capacity = max(16, slots.count * 2)
        var grown = copy(0..<count)
        grown.reserveCapacity(capacity)
        grown.append(contentsOf: repeatElement(.vacant, count: capacity - count))
        slots = grown
        head = 0
    }
}
