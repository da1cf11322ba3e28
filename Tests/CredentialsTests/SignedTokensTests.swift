import Auth
import Base64
import EtcdAPI
import Identifiers
import MonotonicClock
import Synchronization
import Testing

@testable import Credentials

@Suite("Signed tokens")
struct SignedTokensTests {
    private static let now: Int64 = 1_800_000_000

    private func makeTokens(
        _ method: SigningMethod, privateKey: String = "", publicKey: String = "",
        timeToLive: TimeSpan = .seconds(600), now: Int64 = SignedTokensTests.now
    ) throws(SigningKeyError) -> SignedTokens {
        try SignedTokens(
            method, privateFile: Array(privateKey.utf8), publicFile: Array(publicKey.utf8),
            timeToLive: timeToLive, unixSeconds: { now })
    }

    private func user(_ name: String, _ revision: UInt64) -> TokenOwner {
        .identity(.user(AuthName(name), revision: revision))
    }

    @Test func everyMethodHasAToken() {
        #expect(
            Set(TokenVectors.tokens.map(\.method)) == Set(SigningMethod.allCases.map(\.rawValue)))
    }

    @Test(arguments: TokenVectors.tokens)
    func tokenOfAnotherLibraryIsAccepted(
        method: String, privateKey: String, publicKey: String, token: String
    ) throws {
        let method = try #require(SigningMethod(rawValue: method))
        let isSecret = privateKey == TokenVectors.secret
        let tokens = try makeTokens(
            method, privateKey: privateKey, publicKey: isSecret ? "" : publicKey)
        #expect(tokens.owner(of: token) == user("alice", 7))
        #expect(tokens.owner(of: token) == user("alice", 7), "also when it is known")
        guard !isSecret else { return }
        let verifier = try makeTokens(method, publicKey: publicKey)
        #expect(verifier.owner(of: token) == user("alice", 7))
        let login = AuthResponse.Login(user: .root, simpleToken: "", revision: 9)
        #expect(throws: EtcdError.verifyOnlyKey) { try verifier.token(of: login, index: 4) }
        let own = try tokens.token(of: login, index: 4)
        #expect(verifier.owner(of: own) == user("root", 9))
    }

    @Test(arguments: TokenVectors.tokens)
    func changedTokenIsRefused(
        method: String, privateKey: String, publicKey: String, token: String
    ) throws {
        let method = try #require(SigningMethod(rawValue: method))
        let tokens = try makeTokens(method, privateKey: privateKey)
        let bytes = Array(token.utf8)
        for position in stride(from: 0, to: bytes.count - 1, by: 7) {
            var changed = bytes
            changed[position] ^= 1
            let text = String(decoding: changed, as: UTF8.self)
            #expect(tokens.owner(of: text) == .invalid, "\(position)")
        }
        #expect(tokens.owner(of: token + "=") == .invalid)
        #expect(tokens.owner(of: token + ".") == .invalid)
        #expect(tokens.owner(of: String(token.dropLast(4))) == .invalid)
        #expect(tokens.owner(of: "." + token) == .invalid)
    }

    @Test(arguments: TokenVectors.tokens)
    func tokenOfAnotherMethodIsRefused(
        method: String, privateKey: String, publicKey: String, token: String
    ) throws {
        let type = try #require(SigningMethod(rawValue: method)).keyType
        for other in SigningMethod.allCases where other.rawValue != method {
            guard other.keyType == type, other.keyType != .ecdsa else { continue }
            let tokens = try makeTokens(other, privateKey: privateKey)
            #expect(tokens.owner(of: token) == .invalid, "\(other)")
        }
    }

    @Test func ownTokenHasEtcdsText() throws {
        let tokens = try makeTokens(.hs256, privateKey: TokenVectors.secret)
        let login = AuthResponse.Login(
            user: AuthName("a\"\\<\u{2028}\nü"), simpleToken: "", revision: 3)
        let parts = try tokens.token(of: login, index: 9).split(separator: ".")
        let decoded = try parts.map { part in
            try #require(Base64.decodeURL(Array(part.utf8)))
        }
        #expect(String(decoding: decoded[0], as: UTF8.self) == #"{"alg":"HS256","typ":"JWT"}"#)
        #expect(
            String(decoding: decoded[1], as: UTF8.self)
                == #"{"exp":1800000600,"revision":3,"username":"a\"\\\u003c\u2028\nü"}"#)
        #expect(decoded[2].count == 32)
        let token = parts.joined(separator: ".")
        #expect(tokens.owner(of: token) == user("a\"\\<\u{2028}\nü", 3))
    }

    @Test func tokenIsValidUntilItExpires() throws {
        let time = Mutex(Self.now)
        let tokens = try SignedTokens(
            .hs256, privateFile: Array(TokenVectors.secret.utf8), publicFile: [],
            timeToLive: .milliseconds(3500), unixSeconds: { time.withLock { $0 } })
        let login = AuthResponse.Login(user: .root, simpleToken: "", revision: 1)
        let token = try tokens.token(of: login, index: 1)
        for second in 0..<6 {
            time.withLock { $0 = Self.now + Int64(second) }
            #expect(tokens.owner(of: token) == (second < 3 ? user("root", 1) : .invalid))
        }
        // What the log says does not matter.
        time.withLock { $0 = Self.now }
        tokens.applied(.credentialsChanged(of: .root), index: 2)
        tokens.applied(.disabled, index: 3)
        tokens.authentication(isEnabled: true)
        #expect(tokens.owner(of: token) == user("root", 1))
    }

    @Test(arguments: [TimeSpan.zero, .seconds(-5)])
    func tokenWithoutTimeIsExpiredFromTheStart(timeToLive: TimeSpan) throws {
        let tokens = try makeTokens(
            .hs256, privateKey: TokenVectors.secret, timeToLive: timeToLive)
        let login = AuthResponse.Login(user: .root, simpleToken: "", revision: 1)
        #expect(tokens.owner(of: try tokens.token(of: login, index: 1)) == .invalid)
    }

    /// As recorded of etcd 3.7.1, which was given tokens signed with its key.
    @Test(arguments: [
        (#"{"username":"root","revision":3,"exp":4102444800}"#, "root", 3),
        (#"{"username":"root","revision":3}"#, "root", 3),
        (#"{"username":"root","revision":3,"exp":0}"#, "root", 3),
        (#"{"username":"root","revision":3,"exp":4102444800.5}"#, "root", 3),
        (#"{"username":"root","revision":3,"exp":1000000000}"#, nil, 0),
        (#"{"username":"root","revision":3,"exp":1e300}"#, nil, 0),
        (#"{"username":"root","revision":3,"exp":"4102444800"}"#, nil, 0),
        (#"{"username":"root","revision":3,"exp":null}"#, nil, 0),
        (#"{"username":"root","revision":3,"exp":true}"#, nil, 0),
        (#"{"username":"root","revision":3,"nbf":4102444800}"#, nil, 0),
        (#"{"username":"root","revision":3,"nbf":1800000000}"#, "root", 3),
        (#"{"username":"root","revision":3,"nbf":1800000001}"#, nil, 0),
        (#"{"username":"root","revision":3,"iat":4102444800}"#, "root", 3),
        (#"{"username":"root","revision":3,"iss":"x","aud":["y"],"sub":{"z":[1]}}"#, "root", 3),
        (#"{"revision":3}"#, nil, 0), (#"{"username":5,"revision":3}"#, nil, 0),
        (#"{"username":null,"revision":3}"#, nil, 0),
        (#"{"username":"","revision":3}"#, "", 3), (#"{"username":"root"}"#, nil, 0),
        (#"{"username":"root","revision":"3"}"#, nil, 0),
        (#"{"username":"root","revision":0}"#, "root", 0),
        (#"{"username":"root","revision":3.9}"#, "root", 3),
        (#"{"username":"root","revision":-1}"#, "root", UInt64.max),
        (#"{"username":"root","revision":18446744073709549568}"#, "root", 18446744073709549568),
        (#"{"username":"root","revision":1e30}"#, "root", 1 << 63),
        (#"{"username":"root","revision":3} "#, "root", 3),
        (#"{"username":"root","revision":3}x"#, nil, 0), ("null", nil, 0), ("[]", nil, 0),
        ("", nil, 0), (#"{"username":"root","revision":3"#, nil, 0),
    ])
    func claimsAreReadAsEtcdReadsThem(claims: String, name: String?, revision: UInt64) throws {
        let tokens = try makeTokens(.hs256, privateKey: TokenVectors.secret)
        let token = try sign(#"{"alg":"HS256","typ":"JWT"}"#, claims)
        #expect(tokens.owner(of: token) == name.map { user($0, revision) } ?? .invalid)
    }

    @Test(arguments: [
        (#"{"alg":"HS256"}"#, true), (#"{"alg":"HS256","typ":"X"}"#, true),
        (#"{"typ":"JWT"}"#, false), (#"{"alg":"HS512","typ":"JWT"}"#, false),
        (#"{"alg":"none","typ":"JWT"}"#, false), (#"{"alg":"XX","typ":"JWT"}"#, false),
        (#"{"alg":256}"#, false), (#"{"alg":"hs256"}"#, false), ("", false), ("null", false),
    ])
    func headerMustNameTheMethod(header: String, isValid: Bool) throws {
        let tokens = try makeTokens(.hs256, privateKey: TokenVectors.secret)
        let token = try sign(header, #"{"username":"root","revision":3}"#)
        #expect(tokens.owner(of: token) == (isValid ? user("root", 3) : .invalid))
    }

    /// The public key is no secret: a token signed with it as one is refused.
    @Test func publicKeyIsNoSharedSecret() throws {
        let tokens = try makeTokens(.rs256, publicKey: TokenVectors.rsaPublic)
        let token = try sign(
            #"{"alg":"HS256","typ":"JWT"}"#, #"{"username":"root","revision":3}"#,
            secret: TokenVectors.rsaPublic)
        #expect(tokens.owner(of: token) == .invalid)
    }

    @Test(arguments: [
        "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "\u{0}.\u{0}.\u{0}", "é.é.é",
        "AAAAAAAAAAAAAAAA.5", "eyJhbGciOiJub25lIn0.eyJ1c2VybmFtZSI6InJvb3QiLCJyZXZpc2lvbiI6M30.",
    ])
    func textThatIsNoTokenIsInvalid(text: String) throws {
        for vector in TokenVectors.tokens {
            let method = try #require(SigningMethod(rawValue: vector.method))
            let tokens = try makeTokens(method, privateKey: vector.privateKey)
            #expect(tokens.owner(of: text) == .invalid)
        }
    }

    @Test func memoryOfKnownTokensIsBounded() {
        var cache = SignedTokenCache(tokensMax: 100, bytesMax: 10_000)
        let claims = SignedTokenClaims(
            header: Array(#"{"alg":"HS256"}"#.utf8),
            claims: Array(#"{"username":"a","revision":1}"#.utf8), .hs256)
        guard let claims else { return #expect(Bool(false), "the claims are valid") }
        cache.insert(claims, of: "kept")
        for number in 0..<1000 {
            cache.insert(claims, of: "token\(number)")
            #expect(cache.claims(of: "kept") != nil)
            #expect(cache.count <= 100)
        }
        #expect(cache.claims(of: "token999") != nil)
        #expect(cache.claims(of: "token0") == nil)
        cache.insert(claims, of: String(repeating: "x", count: 101))
        #expect(cache.claims(of: String(repeating: "x", count: 101)) == nil)
        for number in 0..<1000 {
            cache.insert(claims, of: "\(number)" + String(repeating: "y", count: 90))
        }
        #expect(cache.count <= 110)
    }

    private func sign(
        _ header: String, _ claims: String, secret: String = TokenVectors.secret
    ) throws -> String {
        let key = try SigningKey(.hs256, privateFile: Array(secret.utf8), publicFile: [])
        let text = [header, claims]
            .map { String(decoding: Base64.encodeURL(Array($0.utf8)), as: UTF8.self) }
            .joined(separator: ".")
        let signature = Base64.encodeURL(try key.sign(Array(text.utf8), .hs256))
        return text + "." + String(decoding: signature, as: UTF8.self)
    }
}
