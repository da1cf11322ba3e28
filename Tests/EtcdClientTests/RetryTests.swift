import Synchronization
import Testing

@testable import EtcdClient

@Suite("What is repeated")
struct RetryTests {
    private static let write = Method.put
    private static let read = Method.range

    private func isRepeated(
        _ method: Method, after error: EtcdClientError, policy: EtcdClient.RetryPolicy = .init(),
        refreshesToken: Bool = false
    ) async -> Bool {
        var attempts = CallAttempts(method, CallDeadline(after: .seconds(5)), policy)
        attempts.slot = 1
        do throws(EtcdClientError) {
            try await attempts.prepareRepetition(after: error, refreshesToken: refreshesToken)
            return true
        } catch {
            return false
        }
    }

    private func error(
        _ code: EtcdClientError.Code, _ message: String = "", isUnprocessed: Bool = false
    ) -> EtcdClientError {
        EtcdClientError(code: code, message: message, isUnprocessed: isUnprocessed)
    }

    @Test func writesAreRepeatedOnlyIfTheyWereNotExecuted() async {
        #expect(await isRepeated(Self.write, after: error(.unavailable, isUnprocessed: true)))
        #expect(await isRepeated(Self.write, after: error(.unavailable, "etcdserver: no leader")))
        for message in ["", "etcdserver: request timed out", "etcdserver: leader changed"] {
            #expect(await !isRepeated(Self.write, after: error(.unavailable, message)))
        }
        #expect(await !isRepeated(Self.write, after: .deadlineExceeded))
    }

    @Test func readsAreRepeatedAfterLosses() async {
        for message in ["", "etcdserver: request timed out", "etcdserver: leader changed"] {
            #expect(await isRepeated(Self.read, after: error(.unavailable, message)))
        }
        #expect(await isRepeated(Self.read, after: .deadlineExceeded))
        let refused = error(.outOfRange, "etcdserver: mvcc: required revision has been compacted")
        #expect(await !isRepeated(Self.read, after: refused))
        #expect(await !isRepeated(Self.read, after: .cancelled))
        #expect(await !isRepeated(Self.read, after: error(.unavailable), policy: .none))
    }

    @Test func aRefusedTokenIsReplacedTwice() async {
        let refused = error(.unauthenticated, "etcdserver: invalid auth token")
        #expect(await !isRepeated(Self.write, after: refused))
        #expect(await isRepeated(Self.write, after: refused, refreshesToken: true))
        var attempts = CallAttempts(Self.write, CallDeadline(after: .seconds(5)), .init())
        attempts.slot = 1
        var repetitions = 0
        while (try? await attempts.prepareRepetition(after: refused, refreshesToken: true)) != nil {
            repetitions += 1
        }
        #expect(repetitions == 2)
    }

    @Test func aCallWithoutTokenIsRepeatedAfterAChangeOfUsers() async {
        let outdated = error(.invalidArgument, "etcdserver: revision of auth store is old")
        #expect(await isRepeated(Self.write, after: outdated))
        var attempts = CallAttempts(Self.write, CallDeadline(after: .seconds(5)), .init())
        (attempts.slot, attempts.hasToken) = (1, true)
        await #expect(throws: outdated) {
            try await attempts.prepareRepetition(after: outdated, refreshesToken: false)
        }
    }

    @Test func whatALearnerRefusesIsRepeatedOnAnotherEndpoint() async {
        let refused = error(
            .failedPrecondition, "etcdserver: rpc not supported for learner")
        #expect(await !isRepeated(Self.write, after: refused))
        var attempts = CallAttempts(Self.write, CallDeadline(after: .seconds(5)), .init())
        (attempts.slot, attempts.hasAlternatives) = (1, true)
        await #expect(throws: Never.self) {
            try await attempts.prepareRepetition(after: refused, refreshesToken: false)
        }
    }

    @Test func attemptsLeaveTimeForAnotherEndpoint() {
        let attempts = CallAttempts(Self.read, CallDeadline(after: .seconds(4)), .init())
        #expect(attempts.timeout(hasAlternatives: true).seconds <= 2)
        #expect(attempts.timeout(hasAlternatives: false).seconds > 3)
        let write = CallAttempts(Self.write, CallDeadline(after: .seconds(4)), .init())
        #expect(write.timeout(hasAlternatives: true).seconds > 3)
    }

    @Test func pausesGrowUpToALimit() {
        let policy = EtcdClient.RetryPolicy()
        for number in 0..<100 {
            let longest = min(policy.pause * (1 << min(number, 16)), policy.pauseMax)
            let pause = policy.pause(before: number)
            #expect(pause <= longest && pause >= longest * 0.5)
        }
    }
}

/// A number of calls, counted by several tasks.
private final class CallCount: Sendable {
    private let count = Atomic<Int>(0)
    var value: Int { count.load(ordering: .relaxed) }

    /// Returns the number with this call.
    @discardableResult
    func add() -> Int { count.add(1, ordering: .relaxed).newValue }
}

@Suite("Tokens")
struct TokenSourceTests {
    @Test func oneTaskGetsTheTokenAndTheOthersWaitForIt() async throws {
        let source = TokenSource(.password(name: "ann", password: "ap"))
        let calls = CallCount()
        let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await source.token { name, password async throws(EtcdClientError) in
                        calls.add()
                        try? await Task.sleep(for: .milliseconds(20))
                        return name + password
                    }
                }
            }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tokens == ["annap"])
        #expect(calls.value == 1)
    }

    @Test func aRefusedTokenIsFetchedAgainOnce() async throws {
        let source = TokenSource(.password(name: "ann", password: "ap"))
        let calls = CallCount()
        func token() async throws(EtcdClientError) -> String? {
            try await source.token { _, _ async throws(EtcdClientError) in
                "token \(calls.add())"
            }
        }
        #expect(try await token() == "token 1")
        source.refuse("token 1")
        #expect(try await token() == "token 2")
        // Refused by a call that was sent before.
        source.refuse("token 1")
        #expect(try await token() == "token 2")
    }

    @Test func noTokenIsNeededWhileAuthenticationIsDisabled() async throws {
        let source = TokenSource(.password(name: "ann", password: "ap"))
        let token = try await source.token { _, _ async throws(EtcdClientError) in
            throw EtcdClientError(
                code: .failedPrecondition, message: "etcdserver: authentication is not enabled")
        }
        #expect(token == nil)
    }

    @Test func aWaitingTaskCanBeCancelled() async throws {
        let lock = TaskLock()
        try await lock.lock()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await expect(reason: .cancelled) { try await lock.lock() }
            }
            try? await Task.sleep(for: .milliseconds(50))
            group.cancelAll()
        }
        lock.unlock()
        try await lock.lock()
        lock.unlock()
    }
}
