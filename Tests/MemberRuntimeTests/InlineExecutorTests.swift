import Glibc
import MonotonicClock
import Synchronization
import Testing

@testable import MemberRuntime

/// Batches run inline by callers and by the dedicated thread.
@Suite struct InlineExecutorTests {
    @Test("A thread that posts while the executor is idle runs the batch inline")
    func callerRunsInline() {
        let counter = Counter()
        counter.start()
        counter.waitUntilIdle()
        #expect(counter.executor.post(1))
        // Not later, and on no other thread: within the call of `post`.
        #expect(counter.seen(on: .caller) == [1])
        counter.stop()
        #expect(counter.seen(on: .dedicated) == [])
    }

    @Test("A batch too large for a caller is left to the dedicated thread, in order")
    func dedicatedThreadRunsLargeBatches() {
        let counter = Counter()
        counter.start()
        counter.waitUntilIdle()
        counter.executor.post(1)
        counter.executor.postDeferred(2)
        counter.executor.post(Counter.tooLarge)
        counter.stop()
        #expect(counter.seen(on: .caller) == [1])
        #expect(counter.seen(on: .dedicated) == [2, Counter.tooLarge])
    }

    @Test("A deferred item wakes no thread and waits for the next run")
    func deferredItemsWait() {
        let counter = Counter()
        counter.start()
        counter.waitUntilIdle()
        counter.executor.postDeferred(1)
        #expect(counter.seen(on: .caller) == [])
        counter.executor.post(2)
        #expect(counter.seen(on: .caller) == [1, 2])
        counter.stop()
    }

    @Test("A run that posts to its own executor continues, and one that posts to another nests")
    func runsNest() {
        let (first, second) = (Counter(), Counter())
        first.start()
        second.start()
        first.waitUntilIdle()
        second.waitUntilIdle()
        first.onItem = { item in if item < 3 { second.executor.post(item + 1) } }
        second.onItem = { item in first.executor.post(item + 1) }
        first.executor.post(0)
        #expect(first.seen(on: .caller) == [0, 2, 4])
        #expect(second.seen(on: .caller) == [1, 3])
        first.stop()
        second.stop()
    }

    @Test("A caller does not run for as long as others post")
    func callerHandsOver() {
        let counter = Counter()
        counter.start()
        counter.waitUntilIdle()
        counter.onItem = { item in if item < 100 { counter.executor.post(item + 1) } }
        counter.executor.post(0)
        counter.waitUntilSeen(101)
        #expect(counter.seen(on: .caller).count < 10)
        #expect(counter.seen(on: .caller) + counter.seen(on: .dedicated) == Array(0...100))
        counter.stop()
    }

    @Test("After a broken run there is no other, on either thread")
    func brokenRunIsTheLast() {
        let counter = Counter()
        counter.start()
        counter.waitUntilIdle()
        counter.callerEnd = .broken
        counter.executor.post(1)
        counter.thread?.join()
        #expect(counter.isFinished)
        counter.executor.post(2)
        #expect(counter.seen(on: .caller) == [1])
        #expect(counter.seen(on: .dedicated) == [])
    }

    @Test("The dedicated thread runs when its deadline passes")
    func deadlineComes() {
        let counter = Counter(everyMilliseconds: 5)
        counter.start()
        counter.waitForDedicatedRun()
        counter.stop()
    }

    @Test("No item is accepted once it is closed")
    func closedAcceptsNothing() {
        let counter = Counter()
        counter.start()
        counter.waitUntilIdle()
        counter.stop()
        #expect(!counter.executor.post(1))
        #expect(counter.isFinished)
    }

    /// Threads post to two executors whose runs post to each other, while deadlines pass.
    @Test("With many threads each item is processed once, in order, and runs do not overlap")
    func manyThreads() {
        let (threadCount, itemCount) = (6, 5_000)
        let second = Counter(everyMilliseconds: 1)
        let first = Counter(everyMilliseconds: 1)
        let forwardedCount = Atomic<Int>(0)
        first.onItem = { item in
            // Some items cause a nested run, and some of those post back.
            if item % 7 == 0 { second.executor.post(item) }
            if item % 11 == 0 { second.executor.postDeferred(item) }
        }
        second.onItem = { item in
            forwardedCount.add(1, ordering: .relaxed)
            if item % 35 == 0 { first.executor.postDeferred(-1) }
        }
        first.start()
        second.start()
        let posters = (0..<threadCount).map { poster in
            OwnedThread(name: "poster") {
                for item in 0..<itemCount {
                    let isLarge = item % 1000 == 999
                    first.executor.post(isLarge ? Counter.tooLarge : item * threadCount + poster)
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
        #expect(forwardedCount.load(ordering: .relaxed) == expected)
        #expect(!first.seen(on: .caller).isEmpty && !first.seen(on: .dedicated).isEmpty)
    }
}

/// Records its items, and the threads that run them. The records are not under a lock: the thread
/// sanitizer checks that the runs are serial.
private final class Counter: InlineExecutable, @unchecked Sendable {
    /// An item that no caller runs inline.
    static let tooLarge = 1 << 40

    let executor = InlineExecutor<Int>()
    /// Set while the executor is idle.
    var onItem: @Sendable (Int) -> Void = { _ in }
    var callerEnd = ExecutionEnd.done
    private(set) var thread: OwnedThread?
    private let everyMilliseconds: Int64
    private var items: [(item: Int, thread: ExecutingThread)] = []
    private var isRunning = false
    private(set) var hasOverlapped = false
    private(set) var isFinished = false
    private let dedicatedRuns = Atomic<Int>(0)
    private let seenCount = Atomic<Int>(0)

    init(everyMilliseconds: Int64 = 60_000) { self.everyMilliseconds = everyMilliseconds }

    var deadline: MonotonicTime { .now() + .milliseconds(everyMilliseconds) }

    func isBrief(_ batch: [Int]) -> Bool { !batch.contains(Self.tooLarge) }

    func run(_ batch: [Int], on thread: ExecutingThread) -> ExecutionEnd {
        if isRunning { hasOverlapped = true }
        isRunning = true
        for item in batch {
            items.append((item, thread))
            onItem(item)
        }
        isRunning = false
        seenCount.add(batch.count, ordering: .releasing)
        if thread == .dedicated { dedicatedRuns.add(1, ordering: .releasing) }
        return thread == .caller ? callerEnd : .done
    }

    func finish() { isFinished = true }

    func start() {
        thread = OwnedThread(name: "executor") { [self] in executor.run(self) }
    }

    func stop() {
        executor.close()
        thread?.join()
        thread = nil
    }

    func seen(on thread: ExecutingThread) -> [Int] {
        items.filter { $0.thread == thread }.map(\.item)
    }

    var seenInOrder: [Int] { items.map(\.item) }

    func waitUntilIdle() {
        while !executor.isIdle { usleep(100) }
    }

    func waitForDedicatedRun() {
        while dedicatedRuns.load(ordering: .acquiring) == 0 { usleep(100) }
    }

    func waitUntilSeen(_ count: Int) {
        while seenCount.load(ordering: .acquiring) < count { usleep(100) }
        waitUntilIdle()
    }
}
