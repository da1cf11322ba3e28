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
        var letters = letters
        guard letters.utf8.count == Self.letterCount,
            let halves = letters.withUTF8({ Self.halves(UnsafeRawBufferPointer($0)) })
        else { return nil }
        (first, second) = halves
        self.index = index
    }

    /// - Returns: nil for a text that is no simple token.
    init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { bytes -> ((UInt64, UInt64), LogIndex)? in
            let bytes = UnsafeRawBufferPointer(bytes)
            guard bytes.count > Self.letterCount, bytes[Self.letterCount] == UInt8(ascii: "."),
                let halves = Self.halves(bytes),
                let index = Self.index(bytes.dropFirst(Self.letterCount + 1))
            else { return nil }
            return (halves, index)
        }
        guard let parsed else { return nil }
        (first, second) = parsed.0
        index = parsed.1
    }

    /// The first 16 bytes, which must be letters. There are at least 16.
    private static func halves(_ bytes: UnsafeRawBufferPointer) -> (UInt64, UInt64)? {
        for position in 0..<letterCount where !isLetter(bytes[position]) { return nil }
        return (
            bytes.loadUnaligned(as: UInt64.self),
            bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        )
    }

    /// A decimal number without sign and leading zeros: others are not in the text of a token.
    private static func index(_ digits: Slice<UnsafeRawBufferPointer>) -> LogIndex? {
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var value: UInt64 = 0
        for digit in digits {
            guard isDigit(digit) else { return nil }
            let (product, hasOverflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, isTooLarge) = product.addingReportingOverflow(
                UInt64(digit - UInt8(ascii: "0")))
            guard !hasOverflowed, !isTooLarge else { return nil }
            value = sum
        }
        return LogIndex(value)
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
