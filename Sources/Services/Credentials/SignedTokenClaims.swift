import Auth
import FoundationEssentials
import GoText

/// What a signed token says about its owner. Read only once the signature is verified.
struct SignedTokenClaims {
    let owner: Identity
    /// Seconds since 1970. It is not valid from then on.
    let expiry: Int64
    /// Seconds since 1970. It is not valid before.
    let notBefore: Int64

    /// - Parameter method: the one that the header must name.
    /// - Returns: nil unless the token is one that golang-jwt and etcd accept, apart from the time.
    init?(header: [UInt8], claims: [UInt8], _ method: SigningMethod) {
        let decoder = JSONDecoder()
        guard
            let header = try? decoder.decode(Header.self, from: Data(header)),
            header.alg == method.rawValue,
            let claims = try? decoder.decode(Claims.self, from: Data(claims))
        else { return nil }
        owner = .user(AuthName(claims.username), revision: Self.revision(claims.revision))
        expiry = claims.expiry.map(Self.seconds) ?? .max
        notBefore = claims.notBefore.map(Self.seconds) ?? .min
    }

    func isValid(unixSeconds: Int64) -> Bool {
        unixSeconds < expiry && unixSeconds >= notBefore
    }

    private struct Header: Decodable {
        let alg: String
    }

    private struct Claims: Decodable {
        let username: String
        let revision: Double
        let expiry: Double?
        let notBefore: Double?

        enum CodingKeys: String, CodingKey {
            case username, revision
            case expiry = "exp"
            case notBefore = "nbf"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            username = try container.decode(String.self, forKey: .username)
            revision = try container.decode(Double.self, forKey: .revision)
            expiry = try Self.time(container, .expiry)
            notBefore = try Self.time(container, .notBefore)
        }

        /// nil if it is absent or 0; null is an error, as in golang-jwt.
        private static func time(
            _ container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
        ) throws -> Double? {
            guard container.contains(key) else { return nil }
            let time = try container.decode(Double.self, forKey: key)
            return time == 0 ? nil : time
        }
    }

    /// Whole seconds; a time that does not fit is long past.
    private static func seconds(_ time: Double) -> Int64 {
        Int64(exactly: time.rounded(.down)) ?? .min
    }

    /// The conversion of Go on 64-bit processors: without the fraction, and modulo 2^64 below zero.
    private static func revision(_ number: Double) -> UInt64 {
        let whole = number.rounded(.towardZero)
        if let revision = UInt64(exactly: whole) { return revision }
        return Int64(exactly: whole).map { UInt64(bitPattern: $0) } ?? 1 << 63
    }
}

/// Writing.
extension SignedTokenClaims {
    /// The header of a token, as golang-jwt writes it.
    static func header(_ method: SigningMethod) -> String {
        #"{"alg":"\#(method.rawValue)","typ":"JWT"}"#
    }

    /// The claims of a login, as etcd writes them.
    static func text(user: AuthName, revision: UInt64, expiry: Int64) -> String {
        #"{"exp":\#(expiry),"revision":\#(revision),"username":\#(user.text.goJSON)}"#
    }
}
