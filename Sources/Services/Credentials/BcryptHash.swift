/// A stored bcrypt text: `$2a$10$`, 22 characters of salt, 31 of digest.
///
/// Read as Go's bcrypt reads it: the letter of the version does not matter, and what follows the
/// digest is ignored.
struct BcryptHash: Equatable {
    /// Two digits: the logarithm of the number of rounds.
    let cost: Int
    let salt: [UInt8]
    let digest: [UInt8]

    /// The costs that Go's bcrypt accepts, and those of `--bcrypt-cost`.
    static let costs = 4...31
    static let saltCharacters = 22
    static let digestCharacters = 31
    private static let dollar = UInt8(ascii: "$")

    /// - Returns: nil for a text that no password fits.
    init?(_ text: [UInt8]) {
        guard text.starts(with: "$2".utf8) else { return nil }
        var rest = text.dropFirst(2)
        if rest.first != Self.dollar { rest = rest.dropFirst() }
        guard rest.first == Self.dollar else { return nil }
        rest = rest.dropFirst()
        let costDigits = rest.prefix(2)
        guard costDigits.count == 2, costDigits.allSatisfy(Self.isDigit),
            let cost = Int(String(decoding: costDigits, as: UTF8.self)), Self.costs.contains(cost),
            rest.dropFirst(2).first == Self.dollar
        else { return nil }
        rest = rest.dropFirst(3)
        guard rest.count >= Self.saltCharacters + Self.digestCharacters else { return nil }
        self.cost = cost
        salt = Array(rest.prefix(Self.saltCharacters))
        digest = Array(rest.dropFirst(Self.saltCharacters).prefix(Self.digestCharacters))
    }

    private static func isDigit(_ character: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
    }
}
