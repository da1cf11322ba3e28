/// Why a text is not a value of a flag; the message follows `invalid value "x" for flag -y: `.
package struct FlagValueError: Error, Equatable {
    package let message: String
    /// The type found in a configuration file where a string is expected.
    let foundType: String?

    package init(_ message: String) {
        self.message = message
        foundType = nil
    }

    /// A number or a boolean without quotes where a string is expected.
    init(found scalar: PlainScalar) {
        message = "must be a string"
        foundType = scalar.rawValue
    }

    static let syntax = FlagValueError("parse error")
    static let range = FlagValueError("value out of range")
}

/// A type that a flag, an environment variable or a configuration file entry can hold.
package protocol FlagValue: Sendable, Equatable {
    /// Reads the command-line form.
    init(flagText: String) throws(FlagValueError)

    /// Reads the form of a configuration file, which is stricter about types.
    init(fileNode: ConfigurationNode) throws(FlagValueError)

    /// The value in its command-line form.
    var flagText: String { get }

    /// Whether the bare flag, with no value, means true.
    static var isBoolean: Bool { get }
}

extension FlagValue {
    package static var isBoolean: Bool { false }

    /// Most values have the same text in a file, which is a string: a text that YAML reads as a
    /// number or a boolean must be quoted.
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        guard case .scalar(let text, let isQuoted) = fileNode else {
            throw FlagValueError("must be a string")
        }
        let scalar = PlainScalar(text)
        guard isQuoted || scalar == .string else { throw FlagValueError(found: scalar) }
        try self.init(flagText: text)
    }
}

extension String: FlagValue {
    package init(flagText: String) {
        self = flagText
    }

    package var flagText: String { self }
}

extension Bool: FlagValue {
    package static var isBoolean: Bool { true }

    /// Accepts the same words as Go's `strconv.ParseBool`.
    package init(flagText: String) throws(FlagValueError) {
        switch flagText {
        case "1", "t", "T", "true", "TRUE", "True": self = true
        case "0", "f", "F", "false", "FALSE", "False": self = false
        default: throw .syntax
        }
    }

    /// Accepts the plain YAML 1.1 booleans; a quoted word is a string and is refused.
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        guard case .scalar(let text, isQuoted: false) = fileNode else {
            throw FlagValueError("must be true or false")
        }
        switch text {
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y":
            self = true
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N":
            self = false
        default:
            throw FlagValueError("must be true or false")
        }
    }

    package var flagText: String { self ? "true" : "false" }
}

/// Shared rules of the integer flags: Go's base prefixes and digit separators, range of the type.
package protocol IntegerFlagValue: FlagValue, FixedWidthInteger {}

extension IntegerFlagValue {
    package init(flagText: String) throws(FlagValueError) {
        self = try IntegerText.parse(flagText)
    }

    /// A number in a file must be a plain one: `"100"` in quotes is a string there.
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        guard case .scalar(let text, isQuoted: false) = fileNode else {
            throw FlagValueError("must be an integer")
        }
        do {
            self = try IntegerText.parse(text)
        } catch {
            throw FlagValueError("must be an integer in \(Self.min)...\(Self.max)")
        }
    }

    package var flagText: String { String(self) }
}

extension Int: IntegerFlagValue {}
extension Int64: IntegerFlagValue {}
extension UInt: IntegerFlagValue {}
extension UInt32: IntegerFlagValue {}
extension UInt64: IntegerFlagValue {}

/// Reads integers with the prefixes 0x, 0o, 0b, a leading zero for octal, and `_` between digits.
enum IntegerText {
    static func parse<Value: FixedWidthInteger>(_ text: String) throws(FlagValueError) -> Value {
        var digits = Substring(text)
        var sign = ""
        if digits.first == "-" || digits.first == "+" {
            guard Value.isSigned else { throw .syntax }
            sign = String(digits.removeFirst())
        }
        let (radix, body) = radixAndDigits(digits)
        guard let plain = withoutSeparators(body, allowed: body.count != digits.count) else {
            throw .syntax
        }
        if let value = Value(sign + plain, radix: radix) { return value }
        let isNumber = plain.utf8.allSatisfy { digitValue($0) < radix }
        throw isNumber ? .range : .syntax
    }

    private static func radixAndDigits(_ text: Substring) -> (Int, Substring) {
        guard text.count > 1, text.first == "0" else { return (10, text) }
        switch text.dropFirst().first {
        case "x", "X": return (16, text.dropFirst(2))
        case "o", "O": return (8, text.dropFirst(2))
        case "b", "B": return (2, text.dropFirst(2))
        default: return (8, text.dropFirst())
        }
    }

    /// Drops underscores; nil for an empty number or one with a misplaced separator.
    private static func withoutSeparators(_ text: Substring, allowed: Bool) -> String? {
        guard !text.isEmpty else { return nil }
        guard text.utf8.contains(UInt8(ascii: "_")) else {
            return text.first == "-" || text.first == "+" ? nil : String(text)
        }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard allowed, parts.dropFirst().allSatisfy({ !$0.isEmpty }) else { return nil }
        return parts.joined()
    }

    private static func digitValue(_ byte: UInt8) -> Int {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: Int.max
        }
    }
}
