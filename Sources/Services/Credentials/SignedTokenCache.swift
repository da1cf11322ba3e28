/// Tokens whose signature was verified, so that a call costs a look-up instead of a verification.
///
/// In two generations: when the young one is full it becomes the old one, whose tokens are dropped
/// unless they are used again. So memory is bounded, and a token in use stays.
struct SignedTokenCache {
    /// A token, hashed by its signature: others than verified ones are never stored.
    private struct Key: Hashable {
        let token: String

        func hash(into hasher: inout Hasher) {
            let isHashed: Void? = token.utf8.withContiguousStorageIfAvailable { text in
                let tail = UnsafeBufferPointer(rebasing: text.suffix(Self.hashedBytes))
                hasher.combine(bytes: UnsafeRawBufferPointer(tail))
            }
            if isHashed == nil {
                for byte in token.utf8.suffix(Self.hashedBytes) { hasher.combine(byte) }
            }
        }

        private static let hashedBytes = 16
    }

    private struct Generation {
        var tokens: [Key: SignedTokenClaims] = [:]
        var bytes = 0
    }

    private let tokensMax: Int
    private let bytesMax: Int
    private var young = Generation()
    private var old = Generation()

    /// - Parameters: the limits of both generations together.
    init(tokensMax: Int, bytesMax: Int) {
        self.tokensMax = tokensMax
        self.bytesMax = bytesMax
    }

    /// The number of tokens, those in both generations twice.
    var count: Int { young.tokens.count + old.tokens.count }

    mutating func claims(of token: String) -> SignedTokenClaims? {
        let key = Key(token: token)
        if let claims = young.tokens[key] { return claims }
        guard let claims = old.tokens[key] else { return nil }
        insert(claims, key)
        return claims
    }

    mutating func insert(_ claims: SignedTokenClaims, of token: String) {
        insert(claims, Key(token: token))
    }

    /// A token of more than a hundredth of the bytes is not kept.
    private mutating func insert(_ claims: SignedTokenClaims, _ key: Key) {
        let bytes = key.token.utf8.count
        guard bytes <= bytesMax / 100 else { return }
        if young.tokens.count >= tokensMax / 2 || young.bytes + bytes > bytesMax / 2 {
            old = young
            young = Generation()
        }
        if young.tokens.updateValue(claims, forKey: key) == nil { young.bytes += bytes }
    }
}
