/// The stages of a member; each has a queue.
enum StageName: Int, Sendable, CaseIterable {
    case consensus, log, apply, backend
}

/// The queue of a stage, and whether the stage is running: the server's `InlineExecutor` and
/// `Mailbox` on virtual time.
struct StageQueue<Item> {
    enum State {
        /// The dedicated thread is parked.
        case idle
        /// An event of the dedicated thread is scheduled.
        case scheduled
        /// A batch is running, on the dedicated thread or inline by the caller.
        case running
    }

    private(set) var items: [Item] = []
    /// Whether an item waits that is not deferrable.
    private(set) var isDue = false
    var state = State.idle

    mutating func add(_ item: Item, isDeferrable: Bool) {
        items.append(item)
        isDue = isDue || !isDeferrable
    }

    mutating func takeAll() -> [Item] {
        isDue = false
        var taken: [Item] = []
        swap(&taken, &items)
        return taken
    }

    /// Puts a batch back, before newer items, for the dedicated thread.
    mutating func requeue(_ batch: [Item]) {
        items.insert(contentsOf: batch, at: 0)
        isDue = true
    }
}
