import Glibc
import Synchronization
import Testing

@testable import ReplicaRuntime

/// Turns that are taken by guests and by the owner.
@Suite struct TurnsTests {
    @Test("A thread that finds the owner asleep takes the turn itself")
    func guestTakesTurn() {
        let counter = Counter()
        counter.start()
        counter.waitUntilOwnerSleeps()
        #expect(counter.turns.post(1))
        // Not later, and by nobody else: the post has done it.
        #expect(counter.seen(by: .guest) == [1])
        counter.stop()
        #expect(counter.seen(by: .owner) == [])
    }

    @Test("What is too much for a guest is left to the owner, in its order")
    func ownerTakesLargeTurns() {
        let counter = Counter()
        counter.start()
        counter.waitUntilOwnerSleeps()
        counter.turns.post(1)
        counter.turns.postQuietly(2)
        counter.turns.post(Counter.tooLarge)
        counter.stop()
        #expect(counter.seen(by: .guest) == [1])
        #expect(counter.seen(by: .owner) == [2, Counter.tooLarge])
    }

    @Test("What is posted quietly wakes nobody and waits for the next turn")
    func quietItemsWait() {
        let counter = Counter()
        counter.start()
        counter.waitUntilOwnerSleeps()
        counter.turns.postQuietly(1)
        #expect(counter.seen(by: .guest) == [])
        counter.turns.post(2)
        #expect(counter.seen(by: .guest) == [1, 2])
        counter.stop()
    }

    @Test("A turn that posts to its own queue goes on, and one within a turn elsewhere nests")
    func turnsNest() {
        let (first, second) = (Counter(), Counter())
        first.start()
        second.start()
        first.waitUntilOwnerSleeps()
        second.waitUntilOwnerSleeps()
        first.onItem = { item in if item < 3 { second.turns.post(item + 1) } }
        second.onItem = { item in first.turns.post(item + 1) }
        first.turns.post(0)
        #expect(first.seen(by: .guest) == [0, 2, 4])
        #expect(second.seen(by: .guest) == [1, 3])
        first.stop()
        second.stop()
    }

    @Test("A guest does not keep the turn for as long as others post")
    func guestHandsOver() {
        let counter = Counter()
        counter.start()
        counter.waitUntilOwnerSleeps()
        counter.onItem = { item in if item < 100 { counter.turns.post(item + 1) } }
        counter.turns.post(0)
        counter.waitUntilSeen(101)
        #expect(counter.seen(by: .guest).count < 10)
        #expect(counter.seen(by: .guest) + counter.seen(by: .owner) == Array(0...100))
        counter.stop()
    }

    @Test("After a turn that breaks there is no other, whoever ran it")
    func brokenTurnIsTheLast() {
        let counter = Counter()
        counter.start()
        counter.waitUntilOwnerSleeps()
        counter.guestEnd = .broken
        counter.turns.post(1)
        counter.thread?.join()
        #expect(counter.isFinished)
        counter.turns.post(2)
        #expect(counter.seen(by: .guest) == [1])
        #expect(counter.seen(by: .owner) == [])
    }

    @Test("The owner takes its turn when its deadline comes")
    func deadlineComes() {
        let counter = Counter(everyMilliseconds: 5)
        counter.start()
        counter.waitForOwnersTurn()
        counter.stop()
    }

    @Test("Nothing is posted once it is closed")
    func closedTakesNothing() {
        let counter = Counter()
        counter.start()
        counter.waitUntilOwnerSleeps()
        counter.stop()
        #expect(!counter.turns.post(1))
        #expect(counter.isFinished)
    }

    /// Threads post to two queues whose turns post to each other, while deadlines come and go.
    @Test("From many threads each item is worked on once, in order, and no turns overlap")
    func manyThreads() {
        let (threadCount, itemCount) = (6, 5_000)
        let second = Counter(everyMilliseconds: 1)
        let first = Counter(everyMilliseconds: 1)
        let passedOn = Atomic<Int>(0)
        first.onItem = { item in
            // Some turns are worth a nested one, and some of those come back.
            if item % 7 == 0 { second.turns.post(item) }
            if item % 11 == 0 { second.turns.postQuietly(item) }
        }
        second.onItem = { item in
            passedOn.add(1, ordering: .relaxed)
            if item % 35 == 0 { first.turns.postQuietly(-1) }
        }
        first.start()
        second.start()
        let posters = (0..<threadCount).map { poster in
            OwnedThread(name: "poster") {
                for item in 0..<itemCount {
                    let isLarge = item % 1000 == 999
                    first.turns.post(isLarge ? Counter.tooLarge : item * threadCount + poster)
                    if item % 100 == 0 { usleep(50) }
                }
            }
        }
        for poster in posters { poster.join() }
        first.stop()
        second.stop()
        let seen = first.seenInOrder.filter { $0 >= 0 && $0 != Counter.tooLarge }
        #expect(seen.count == threadCount * (itemCount - itemCount / 1000))
        for poster in 0..<threadCount {
            let own = seen.filter { $0 % threadCount == poster }
            #expect(own == own.sorted())
        }
        #expect(!first.hasOverlapped && !second.hasOverlapped)
        let expected = seen.count { $0 % 7 == 0 } + seen.count { $0 % 11 == 0 }
        #expect(passedOn.load(ordering: .relaxed) == expected)
        #expect(!first.seen(by: .guest).isEmpty && !first.seen(by: .owner).isEmpty)
    }
}

/// Writes down what it is given, and by whom. What it writes is not under a lock: the thread
/// sanitizer holds the turns to it.
private final class Counter: TurnTaker, @unchecked Sendable {
    /// An item that no guest takes.
    static let tooLarge = 1 << 40

    let turns = Turns<Int>()
    /// Set while nobody has a turn.
    var onItem: @Sendable (Int) -> Void = { _ in }
    var guestEnd = TurnEnd.done
    private(set) var thread: OwnedThread?
    private let everyMilliseconds: Int64
    private var items: [(item: Int, runner: TurnRunner)] = []
    private var isInTurn = false
    private(set) var hasOverlapped = false
    private(set) var isFinished = false
    private let ownerTurns = Atomic<Int>(0)
    private let seenCount = Atomic<Int>(0)

    init(everyMilliseconds: Int64 = 60_000) { self.everyMilliseconds = everyMilliseconds }

    var deadline: Int64 { monotonicMilliseconds() + everyMilliseconds }

    func isBrief(_ batch: [Int]) -> Bool { !batch.contains(Self.tooLarge) }

    func turn(_ batch: [Int], by runner: TurnRunner) -> TurnEnd {
        if isInTurn { hasOverlapped = true }
        isInTurn = true
        for item in batch {
            items.append((item, runner))
            onItem(item)
        }
        isInTurn = false
        seenCount.add(batch.count, ordering: .releasing)
        if runner == .owner { ownerTurns.add(1, ordering: .releasing) }
        return runner == .guest ? guestEnd : .done
    }

    func finish() { isFinished = true }

    func start() {
        thread = OwnedThread(name: "owner") { [self] in turns.run(self) }
    }

    func stop() {
        turns.close()
        thread?.join()
        thread = nil
    }

    func seen(by runner: TurnRunner) -> [Int] {
        items.filter { $0.runner == runner }.map(\.item)
    }

    var seenInOrder: [Int] { items.map(\.item) }

    func waitUntilOwnerSleeps() {
        while !turns.isOwnerAsleep { usleep(100) }
    }

    func waitForOwnersTurn() {
        while ownerTurns.load(ordering: .acquiring) == 0 { usleep(100) }
    }

    func waitUntilSeen(_ count: Int) {
        while seenCount.load(ordering: .acquiring) < count { usleep(100) }
        waitUntilOwnerSleeps()
    }
}
