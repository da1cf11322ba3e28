import EtcdAPI
import Glibc
import Testing

@testable import Credentials

@Suite("Hashing of passwords")
struct PasswordHashingTests {
    @Test(arguments: [(3, 10), (4, 4), (11, 11), (31, 31), (32, 10), (-1, 10), (Int.max, 10)])
    func costOutsideBcryptsIsTheDefault(given: Int, used: Int) {
        #expect(PasswordHashing(cost: given).cost == used)
    }

    @Test func hashedPasswordFits() async throws {
        let hashing = PasswordHashing(cost: 4)
        let text = try await hashing.hash("secret")
        #expect(try await hashing.matches(Array("secret".utf8), stored: text))
        #expect(try await !hashing.matches(Array("Secret".utf8), stored: text))
        #expect(try await !hashing.matches(Array("secret".utf8), stored: nil))
        #expect(try await !hashing.matches(Array("secret".utf8), stored: []))
    }

    @Test func manyAtOnceAllEnd() async throws {
        let hashing = PasswordHashing(cost: 4, threadsMax: 2)
        let text = try await hashing.hash("secret")
        let fits = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask {
                    try await hashing.matches(
                        Array("secret\(number % 2 == 0 ? "" : "x")".utf8), stored: text)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(fits == 32)
    }

    @Test(.timeLimit(.minutes(1))) func checkOfAnExpensiveHashDelaysNoOthers() async {
        await #expect(processExitsWith: .success) {
            let hashing = PasswordHashing(cost: 4, threadsMax: 1)
            let text = try await hashing.hash("secret")
            // A check takes a day.
            let expensive = Array("$2a$31$".utf8) + text.dropFirst(7)
            for _ in 0..<2 { Task { try await hashing.matches([], stored: expensive) } }
            while hashing.waitingCount == 0 { await Task.yield() }
            let fits = try await hashing.matches(Array("secret".utf8), stored: text)
            exit(fits ? 0 : 1)
        }
    }

    /// A queue of one thread, which is held until `release`.
    private final class HeldQueue: Sendable {
        let queue: HashingQueue
        let held: Task<Int32?, Never>
        private let reading: Int32
        private let writing: Int32

        init(waitingMax: Int) async {
            var pipe: [Int32] = [-1, -1]
            precondition(Glibc.pipe(&pipe) == 0, "a pipe is needed")
            let (reading, writing) = (pipe[0], pipe[1])
            self.reading = reading
            self.writing = writing
            let queue = HashingQueue(threadsMax: 1, waitingMax: waitingMax)
            self.queue = queue
            let (started, continuation) = AsyncStream.makeStream(of: Void.self)
            held = Task {
                await queue.result {
                    continuation.finish()
                    var byte: UInt8 = 0
                    return Int32(read(reading, &byte, 1))
                }
            }
            for await _ in started {}
        }

        func release() {
            var byte: UInt8 = 1
            _ = write(writing, &byte, 1)
        }

        /// Returns once so many wait.
        func waitUntil(waiting count: Int) async {
            while queue.waitingCount != count { await Task.yield() }
        }

        deinit {
            close(reading)
            close(writing)
        }
    }

    @Test func requestThatHasEndedIsNotComputed() async {
        let held = await HeldQueue(waitingMax: 8)
        let queue = held.queue
        let first = Task { await queue.result { 1 } }
        await held.waitUntil(waiting: 1)
        let ended = Task {
            await queue.result { () -> Int in
                Issue.record("nobody waits for it")
                return 2
            }
        }
        await held.waitUntil(waiting: 2)
        ended.cancel()
        #expect(await ended.value == nil)
        #expect(queue.waitingCount == 1, "its place is free at once")
        held.release()
        #expect(await first.value == 1)
        #expect(await held.held.value == 1)
    }

    @Test func cancelledTaskDoesNotBegin() async {
        let held = await HeldQueue(waitingMax: 8)
        let queue = held.queue
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return await queue.result { 1 }
        }
        task.cancel()
        #expect(await task.value == nil)
        #expect(queue.waitingCount == 0)
        held.release()
    }

    @Test func fullQueueRefuses() async {
        let held = await HeldQueue(waitingMax: 2)
        let queue = held.queue
        let waiting = (0..<2).map { number in Task { await queue.result { number } } }
        await held.waitUntil(waiting: 2)
        #expect(await queue.result { 3 } == nil)
        held.release()
        var results: Set<Int?> = []
        for task in waiting { results.insert(await task.value) }
        #expect(results == [0, 1])
    }
}
