package import Auth
import Base64
package import EtcdAPI
package import Identifiers
package import MonotonicClock
import Synchronization

/// JSON web tokens (RFC 7519) with the claims of etcd: user, auth revision and expiry.
///
/// Any member with the key makes and verifies them; none keeps a list. A token is valid until it
/// expires, also after a restart and after its user was deleted or has another password; but it
/// accesses keys only at the auth revision at which it was made.
package final class SignedTokens: TokenProvider {
    private let method: SigningMethod
    private let key: SigningKey
    private let timeToLive: TimeSpan
    private let unixSeconds: @Sendable () -> Int64
    private let cache: Mutex<SignedTokenCache>

    /// `ttl` unless set.
    package static let defaultTimeToLive = TimeSpan.seconds(300)
    /// Limits of the tokens that need not be verified again.
    package static let cachedTokensMax = 32_768
    package static let cachedBytesMax = 16 << 20

    /// - Parameters:
    ///   - privateFile: the content of the file of the private key, or of the shared secret; empty
    ///     if there is none.
    ///   - publicFile: the content of the file of the public key, or of its certificate.
    ///   - timeToLive: with zero or less, tokens are expired from the start, as in etcd.
    ///   - unixSeconds: the present time, in whole seconds since 1970.
    package init(
        _ method: SigningMethod, privateFile: [UInt8], publicFile: [UInt8],
        timeToLive: TimeSpan = SignedTokens.defaultTimeToLive,
        unixSeconds: @escaping @Sendable () -> Int64
    ) throws(SigningKeyError) {
        self.method = method
        key = try SigningKey(method, privateFile: privateFile, publicFile: publicFile)
        self.timeToLive = timeToLive
        self.unixSeconds = unixSeconds
        cache = Mutex(
            SignedTokenCache(tokensMax: Self.cachedTokensMax, bytesMax: Self.cachedBytesMax))
    }

    package func owner(of token: String) -> TokenOwner {
        let now = unixSeconds()
        if let claims = cache.withLock({ $0.claims(of: token) }) {
            return claims.isValid(unixSeconds: now) ? .identity(claims.owner) : .invalid
        }
        guard let claims = verify(token), claims.isValid(unixSeconds: now) else { return .invalid }
        cache.withLock { $0.insert(claims, of: token) }
        return .identity(claims.owner)
    }

    /// The claims of a token with a genuine signature. Nothing else of it is read before.
    private func verify(_ token: String) -> SignedTokenClaims? {
        let parts = token.utf8.split(
            separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let signature = Base64.decodeURL(parts[2]),
            key.isValid(
                signature, for: Array(token.utf8[..<parts[1].endIndex]), method),
            let header = Base64.decodeURL(parts[0]), let claims = Base64.decodeURL(parts[1])
        else { return nil }
        return SignedTokenClaims(header: header, claims: claims, method)
    }

    package func makeSimpleToken() -> String { "" }

    package func token(
        of login: AuthResponse.Login, index: LogIndex
    ) throws(EtcdError) -> String {
        let expiry = TimeSpan.seconds(unixSeconds()) + timeToLive
        let claims = SignedTokenClaims.text(
            user: login.user, revision: login.revision, expiry: expiry.wholeSeconds)
        let text =
            Base64.encodeURL(Array(SignedTokenClaims.header(method).utf8)) + [UInt8(ascii: ".")]
            + Base64.encodeURL(Array(claims.utf8))
        let signature = Base64.encodeURL(try key.sign(text, method))
        return String(decoding: text + [UInt8(ascii: ".")] + signature, as: UTF8.self)
    }

    package func applied(_ response: AuthResponse, index: LogIndex) {}

    package func authentication(isEnabled: Bool) {}
}

extension TimeSpan {
    /// Rounded down.
    fileprivate var wholeSeconds: Int64 {
        let second: Int64 = 1_000_000_000
        return nanoseconds >= 0 ? nanoseconds / second : -((-nanoseconds + second - 1) / second)
    }
}
