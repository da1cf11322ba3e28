import Auth
import EtcdAPI
import Identifiers
import MonotonicClock
import Synchronization
import Testing

@testable import Credentials

@Suite("Simple tokens")
struct SimpleTokensTests {
    /// A time and an applied index that a test sets.
    private final class Context: Sendable {
        let time = Mutex(MonotonicTime.zero)
        let applied = Mutex(LogIndex(100))

        func advance(_ span: TimeSpan) { time.withLock { $0 = $0 + span } }
    }

    private let context = Context()

    private func makeTokens(
        timeToLive: TimeSpan = .seconds(300), tokensMax: Int = 1000, loggedIndex: LogIndex = .zero
    ) -> SimpleTokens {
        let context = self.context
        return SimpleTokens(
            timeToLive: timeToLive, tokensMax: tokensMax, loggedIndex: loggedIndex,
            appliedIndex: { context.applied.withLock { $0 } },
            now: { context.time.withLock { $0 } })
    }

    /// Applies a login and returns its token.
    private func logIn(
        _ user: String, to tokens: SimpleTokens, index: LogIndex
    ) throws -> String {
        let login = AuthResponse.Login(
            user: AuthName(user), simpleToken: tokens.makeSimpleToken(), revision: 5)
        tokens.applied(.authenticated(login), index: index)
        return try tokens.token(of: login, index: index)
    }

    private func user(_ name: String) -> TokenOwner {
        .identity(.user(AuthName(name), revision: nil))
    }

    @Test func tokenHasEtcdsForm() throws {
        let tokens = makeTokens()
        let token = try logIn("root", to: tokens, index: 27)
        #expect(token.wholeMatch(of: /[A-Za-z]{16}\.27/) != nil)
        #expect(tokens.owner(of: token) == user("root"))
        #expect(Set((0..<1000).map { _ in tokens.makeSimpleToken() }).count == 1000)
    }

    @Test func everyUseBeginsTheTimeAnew() throws {
        let tokens = makeTokens(timeToLive: .seconds(2))
        let used = try logIn("a", to: tokens, index: 1)
        let unused = try logIn("b", to: tokens, index: 2)
        for _ in 0..<5 {
            context.advance(.milliseconds(1500))
            #expect(tokens.owner(of: used) == user("a"))
        }
        #expect(tokens.owner(of: unused) == .invalid)
        context.advance(.milliseconds(1999))
        #expect(tokens.owner(of: used) == user("a"))
        context.advance(.seconds(2))
        #expect(tokens.owner(of: used) == .invalid)
        #expect(tokens.count == 0)
    }

    @Test func timeToLiveOfZeroIsTheDefault() throws {
        let tokens = makeTokens(timeToLive: .zero)
        let token = try logIn("a", to: tokens, index: 1)
        context.advance(.milliseconds(299_999))
        #expect(tokens.owner(of: token) == user("a"))
        context.advance(.seconds(300))
        #expect(tokens.owner(of: token) == .invalid)
    }

    @Test func tokensOfAUserEndWithItsCredentials() throws {
        let tokens = makeTokens()
        let first = try logIn("a", to: tokens, index: 1)
        let second = try logIn("a", to: tokens, index: 2)
        let other = try logIn("b", to: tokens, index: 3)
        tokens.applied(.credentialsChanged(of: AuthName("a")), index: 4)
        let later = try logIn("a", to: tokens, index: 5)
        #expect(tokens.owner(of: first) == .invalid)
        #expect(tokens.owner(of: second) == .invalid)
        #expect(tokens.owner(of: other) == user("b"))
        #expect(tokens.owner(of: later) == user("a"))
        tokens.applied(.credentialsChanged(of: AuthName("c")), index: 6)
        #expect(tokens.owner(of: later) == user("a"))
    }

    @Test func allTokensEndWhenAuthenticationIsDisabled() throws {
        let tokens = makeTokens()
        let token = try logIn("a", to: tokens, index: 1)
        tokens.applied(.done, index: 2)
        tokens.applied(.status(isEnabled: true, revision: 3), index: 3)
        #expect(tokens.owner(of: token) == user("a"))
        tokens.applied(.disabled, index: 4)
        #expect(tokens.owner(of: token) == .invalid)
    }

    /// The part of the log that it replaces may have ended any token.
    @Test func allTokensEndWithASnapshot() throws {
        let tokens = makeTokens()
        let token = try logIn("a", to: tokens, index: 1)
        tokens.authentication(isEnabled: true)
        #expect(tokens.owner(of: token) == .invalid)
    }

    /// The log is applied again from the entry that the database has.
    @Test func loginBeforeTheStartGetsNoToken() throws {
        let tokens = makeTokens(loggedIndex: 10)
        #expect(tokens.owner(of: try logIn("a", to: tokens, index: 10)) == .invalid)
        #expect(tokens.owner(of: try logIn("a", to: tokens, index: 11)) == user("a"))
    }

    @Test func tokenOfALaterEntryIsToBeWaitedFor() throws {
        let tokens = makeTokens()
        let letters = tokens.makeSimpleToken()
        let token = "\(letters).101"
        #expect(tokens.owner(of: token) == .unknownBefore(101))
        #expect(tokens.owner(of: "\(letters).100") == .invalid)
        let login = AuthResponse.Login(
            user: AuthName("a"), simpleToken: letters, revision: 1)
        tokens.applied(.authenticated(login), index: 101)
        #expect(tokens.owner(of: token) == user("a"))
        context.applied.withLock { $0 = 101 }
        #expect(tokens.owner(of: "\(letters).102") == .unknownBefore(102))
        let other = tokens.makeSimpleToken()
        #expect(tokens.owner(of: "\(other).101") == .invalid)
    }

    /// A member with signed tokens proposes no letters: others must not make a token of them.
    @Test(arguments: ["", "short", "letterswith1digit", "seventeen letters", "ÄÄÄÄÄÄÄÄ"])
    func loginWithoutSixteenLettersGetsNoToken(letters: String) {
        let tokens = makeTokens()
        let login = AuthResponse.Login(user: .root, simpleToken: letters, revision: 1)
        tokens.applied(.authenticated(login), index: 7)
        #expect(tokens.count == 0)
        #expect(tokens.owner(of: "\(letters).7") == .invalid)
    }

    @Test(arguments: [
        "", ".", "x", "Bearer x", ".7", "abcdefghijklmnop", "abcdefghijklmnop.",
        "abcdefghijklmnop.x", "abcdefghijklmnop.-1", "abcdefghijklmnop.+1",
        "abcdefghijklmnop.01", "abcdefghijklmnop. 1", "abcdefghijklmnop.1.1",
        "abcdefghijklmno1.1", "abcdefghijklmnopq.1", "abcdefghijklmno.1",
        "abcdefghijklmnop.18446744073709551616", "abcdefghijklmnop.１",
    ])
    func textThatIsNoTokenIsInvalid(text: String) {
        #expect(makeTokens().owner(of: text) == .invalid)
    }

    @Test func aFutureIndexMayBeAsLargeAsItFits() {
        let token = "abcdefghijklmnop.18446744073709551615"
        #expect(makeTokens().owner(of: token) == .unknownBefore(.max))
    }

    @Test func atTheLimitTheLongestUnusedTokenEnds() throws {
        let tokens = makeTokens(tokensMax: 3)
        let all = try (1...3).map { try logIn("u\($0)", to: tokens, index: LogIndex(UInt64($0))) }
        #expect(tokens.owner(of: all[0]) == user("u1"))
        let fourth = try logIn("u4", to: tokens, index: 4)
        #expect(tokens.count == 3)
        #expect(tokens.owner(of: all[1]) == .invalid)
        for (token, name) in [(all[0], "u1"), (all[2], "u3"), (fourth, "u4")] {
            #expect(tokens.owner(of: token) == user(name))
        }
    }

    /// The table against a dictionary of tokens and times, with random operations.
    @Test(arguments: 0..<8)
    func behavesAsAListOfTokens(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let tokens = makeTokens(timeToLive: .seconds(10), tokensMax: 100_000)
        var model: [String: (user: String, expiry: MonotonicTime)] = [:]
        for index in 1...2000 {
            context.applied.withLock { $0 = LogIndex(UInt64(index)) }
            let now = context.time.withLock { $0 }
            let name = "u\(Int.random(in: 0..<8, using: &random))"
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<6:
                let token = try logIn(name, to: tokens, index: LogIndex(UInt64(index)))
                model[token] = (name, now + .seconds(10))
            case 6..<16:
                guard let token = model.keys.sorted().randomElement(using: &random) else {
                    continue
                }
                let expected = model[token].flatMap { $0.expiry > now ? $0.user : nil }
                #expect(tokens.owner(of: token) == expected.map(user) ?? .invalid)
                if let expected {
                    model[token] = (expected, now + .seconds(10))
                } else {
                    model[token] = nil
                }
            case 16:
                tokens.applied(
                    .credentialsChanged(of: AuthName(name)), index: LogIndex(UInt64(index)))
                model = model.filter { $0.value.user != name }
            case 17 where Int.random(in: 0..<20, using: &random) == 0:
                tokens.applied(.disabled, index: LogIndex(UInt64(index)))
                model = [:]
            default: context.advance(.milliseconds(Int64.random(in: 0..<2000, using: &random)))
            }
        }
    }

    private struct SeededGenerator: RandomNumberGenerator {
        var state: UInt64

        init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }
}
