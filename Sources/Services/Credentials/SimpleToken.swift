import Identifiers

/// A simple token: 16 letters that its proposer chose, a dot, and the index of the entry of the
/// login.
struct SimpleToken: Hashable, Sendable {
    /// The 16 letters, 8 in each half.
    private let first: UInt64
    private let second: UInt64
    let index: LogIndex

    static let letterCount = 16
    private static let alphabet = Array(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    /// - Returns: nil unless there are 16 letters; other tokens are not handed out.
    init?(letters: String, index: LogIndex) {
        self.init(letters.utf8, index: index)
    }

    /// - Returns: nil for a text that is no simple token.
    init?(_ text: String) {
        let letters = text.utf8.prefix(Self.letterCount)
        let rest = text.utf8.dropFirst(Self.letterCount)
        guard rest.first == UInt8(ascii: ".") else { return nil }
        let digits = rest.dropFirst()
        // With a sign or leading zeros it is not the text of a token.
        guard let first = digits.first, digits.allSatisfy(Self.isDigit),
            first != UInt8(ascii: "0") || digits.count == 1,
            let index = UInt64(Substring(digits))
        else { return nil }
        self.init(letters, index: LogIndex(index))
    }

    private init?(_ letters: some Collection<UInt8>, index: LogIndex) {
        guard letters.count == Self.letterCount, letters.allSatisfy(Self.isLetter) else {
            return nil
        }
        first = letters.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        second = letters.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
        self.index = index
    }

    /// The text of the token of these letters, as etcd makes it.
    static func text(letters: String, index: LogIndex) -> String {
        "\(letters).\(index.rawValue)"
    }

    /// New letters, from the system's secure random numbers.
    static func makeLetters() -> String {
        var generator = SystemRandomNumberGenerator()
        return String(
            decoding: (0..<letterCount).map { _ in
                alphabet[Int.random(in: alphabet.indices, using: &generator)]
            }, as: UTF8.self)
    }

    private static func isLetter(_ character: UInt8) -> Bool {
        let lowercase = character | 0x20
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lowercase)
    }

    private static func isDigit(_ character: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character)
    }
}
