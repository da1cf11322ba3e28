import Synchronization

/// Who runs a turn.
enum TurnRunner {
    /// The thread that the state belongs to. It may take its time.
    case owner
    /// A thread that came by with something to do, an event loop for one. It must not wait.
    case guest
}

/// What is left behind by a turn.
enum TurnEnd {
    case done
    /// There must be no further turn.
    case broken
}

/// State that is worked on in turns, by one thread at a time.
protocol TurnTaker<Item>: AnyObject {
    associatedtype Item: Sendable

    /// When the owner takes a turn though nothing has come: monotonic milliseconds.
    var deadline: Int64 { get }
    /// Whether a guest may work on these: it takes microseconds and waits for nothing.
    func isBrief(_ batch: [Item]) -> Bool
    func turn(_ batch: [Item], by runner: TurnRunner) -> TurnEnd
    /// Follows the last turn; on the owner's thread.
    func finish()
}

/// A queue into state that has a thread of its own, but whose turns are taken by whoever finds
/// that thread asleep.
///
/// Waking a thread costs more than most turns do. So a thread that posts while nobody has the turn
/// takes it, as a guest, if what waits is brief; else it wakes the owner. What is posted while
/// somebody has the turn is left to him. Under load there is always somebody, or too much for a
/// guest, and then the owner works off large batches as it would without guests.
///
/// Guarantees: items are worked on in the order of posting, each once; turns never overlap, and
/// each sees what the one before did; a turn is only ever run by a thread that posts, or by the
/// owner; an item that was not posted quietly is never left lying. Having the turn is a mark that
/// nobody waits for but the owner, so a guest may come to be a guest elsewhere within its turn, and
/// whatever it posts there cannot lock. Nothing of this runs under the lock.
///
/// `post` must be called without holding a lock that a turn may want.
final class Turns<Item: Sendable>: @unchecked Sendable {
    // `@unchecked Sendable`: `batch` and `taker` are touched only by who has the turn, which
    // changes hands under the lock; all else that is mutable is in `state`.
    private enum Holder {
        /// The owner sleeps and nothing is due.
        case nobody
        /// The owner has the turn, or is being woken for it.
        case owner
        case guest
    }

    private struct State {
        var items: [Item] = []
        /// Whether something waits that was not posted quietly. Then somebody has the turn.
        var isDue = false
        /// At first the owner, who has yet to begin.
        var holder = Holder.owner
        /// The owner wants the turn that a guest has: its deadline came, or the end.
        var isOwnerWaiting = false
        var isClosed = false
        var isBroken = false
    }

    /// Turns in a row that a guest takes when others post meanwhile.
    private static var guestTurnsMax: Int { 4 }

    private let state = Mutex(State())
    private let sleeper = Sleeper()
    private var batch: [Item] = []
    /// Set while the owner runs.
    private var taker: (any TurnTaker<Item>)?

    /// Whether a thread that posts now would take the turn.
    var isOwnerAsleep: Bool { state.withLock { $0.holder == .nobody } }

    /// Adds an item that can wait for the next turn, whatever that is for.
    func postQuietly(_ item: Item) {
        state.withLock { $0.items.append(item) }
    }

    /// Adds one item, and works on it right here if nobody else does; false once it is closed.
    @discardableResult
    func post(_ item: Item) -> Bool {
        let (isTaken, isGuest) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.items.append(item)
            state.isDue = true
            guard state.holder == .nobody else { return (true, false) }
            state.holder = .guest
            takeItems(&state)
            return (true, true)
        }
        if isGuest, let taker { visit(taker) }
        return isTaken
    }

    /// Lets the owner work off what is left and then end.
    func close() {
        let wakes = state.withLock { state in
            state.isClosed = true
            guard state.holder == .nobody else { return false }
            return giveToOwner(&state)
        }
        if wakes { sleeper.wake() }
    }

    /// Moves what waits into `batch`, for who has the turn.
    private func takeItems(_ state: inout State) {
        batch.removeAll(keepingCapacity: true)
        swap(&state.items, &batch)
        state.isDue = false
    }

    /// Always true: the owner, which is asleep or about to, has to be woken.
    private func giveToOwner(_ state: inout State) -> Bool {
        state.holder = .owner
        state.isDue = true
        sleeper.rouse()
        return true
    }
}

/// As a guest.
extension Turns {
    /// Takes turns for as long as there is something to do that a guest has time for.
    private func visit(_ taker: any TurnTaker<Item>) {
        var turns = 0
        while true {
            guard turns < Self.guestTurnsMax, taker.isBrief(batch) else { return putBack() }
            let end = taker.turn(batch, by: .guest)
            turns += 1
            guard goesOn(after: end) else { return }
        }
    }

    /// Gives the turn to whose it is next; true if that is this guest.
    private func goesOn(after end: TurnEnd) -> Bool {
        let (goesOn, wakes) = state.withLock { state in
            state.isBroken = state.isBroken || end == .broken
            guard end == .done, !state.isOwnerWaiting, !state.isClosed else {
                return (false, giveToOwner(&state))
            }
            guard state.isDue else {
                state.holder = .nobody
                return (false, false)
            }
            takeItems(&state)
            return (true, false)
        }
        if wakes { sleeper.wake() }
        return goesOn
    }

    /// Leaves what was taken to the owner, before what came meanwhile.
    private func putBack() {
        state.withLock { state in
            batch.append(contentsOf: state.items)
            state.items.removeAll(keepingCapacity: true)
            swap(&state.items, &batch)
            _ = giveToOwner(&state)
        }
        sleeper.wake()
    }
}

/// As the owner.
extension Turns {
    /// The body of the owner's thread: ends after `close`, or when a turn says so.
    func run(_ taker: any TurnTaker<Item>) {
        self.taker = taker
        while take(until: taker.deadline) {
            if taker.turn(batch, by: .owner) == .broken { break }
        }
        // The owner keeps the turn, so there are no guests any more.
        self.taker = nil
        taker.finish()
    }

    /// Gives the turn away, and waits for the next one that is the owner's.
    ///
    /// - Returns: false when there is none.
    private func take(until deadline: Int64) -> Bool {
        var isLate = false
        while true {
            let goesOn: Bool? = state.withLock { state in
                guard isOwnersTurn(&state, isLate) else {
                    sleeper.lieDown()
                    return nil
                }
                state.holder = .owner
                state.isOwnerWaiting = false
                sleeper.rouse()
                takeItems(&state)
                return !state.isBroken && !(state.isClosed && batch.isEmpty)
            }
            if let goesOn { return goesOn }
            if sleeper.sleep(until: isLate ? nil : deadline) { isLate = true }
        }
    }

    private func isOwnersTurn(_ state: inout State, _ isLate: Bool) -> Bool {
        let isWanted = isLate || state.isClosed || state.isBroken
        switch state.holder {
        case .owner:
            guard !isWanted, !state.isDue else { return true }
            state.holder = .nobody
            return false
        case .nobody: return isWanted
        case .guest:
            state.isOwnerWaiting = state.isOwnerWaiting || isWanted
            return false
        }
    }
}
