/// The stages of a member, each with a queue of its own.
enum Lane: Int, Sendable, CaseIterable {
    case consensus, log, apply, backend
}

/// What waits for a stage, and who works on it: the server's `Turns` and `Mailbox` on virtual time.
struct LaneQueue<Item> {
    enum Holder {
        /// The owner sleeps.
        case nobody
        /// An event of the owner is planned.
        case owner
        /// A turn is under way, the owner's or that of whoever has posted.
        case turn
    }

    private(set) var items: [Item] = []
    /// Whether something waits that was not posted quietly.
    private(set) var isDue = false
    var holder = Holder.nobody

    mutating func add(_ item: Item, isQuiet: Bool) {
        items.append(item)
        isDue = isDue || !isQuiet
    }

    mutating func takeAll() -> [Item] {
        isDue = false
        var taken: [Item] = []
        swap(&taken, &items)
        return taken
    }

    /// Leaves what was taken to the owner, before what came meanwhile.
    mutating func putBack(_ batch: [Item]) {
        items.insert(contentsOf: batch, at: 0)
        isDue = true
    }
}
