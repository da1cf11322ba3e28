import GoText

/// A text that is no value of its kind, with Go's error message.
package struct GoValueError: Error, Hashable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    enum Reason: String {
        case syntax = "invalid syntax"
        case range = "value out of range"
    }

    init(function: String, text: String, reason: Reason) {
        description = "strconv.\(function): parsing \(text.goQuoted): \(reason.rawValue)"
    }
}

/// Values as Go's strconv parses them.
package enum GoValue {
    package static func bool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }

    /// - Parameter base: 0 takes prefixes such as `0x`, as flags do.
    package static func int64(_ text: String, base: Int = 0) throws(GoValueError) -> Int64 {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative || text.hasPrefix("+") ? text.dropFirst() : text[...]
        let magnitude = try parse(digits, base, "ParseInt", text)
        guard let magnitude, magnitude <= UInt64(Int64.max) + (isNegative ? 1 : 0) else {
            throw GoValueError(function: "ParseInt", text: text, reason: .range)
        }
        return isNegative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude)
    }

    /// - Parameter base: 0 takes prefixes such as `0x`, as flags do.
    package static func uint64(_ text: String, base: Int = 0) throws(GoValueError) -> UInt64 {
        guard let value = try parse(text[...], base, "ParseUint", text) else {
            throw GoValueError(function: "ParseUint", text: text, reason: .range)
        }
        return value
    }

    /// The value of digits without a sign; nil if it does not fit.
    private static func parse(
        _ digits: Substring, _ base: Int, _ function: String, _ text: String
    ) throws(GoValueError) -> UInt64? {
        let (rest, radix) = base == 0 ? withoutPrefix(digits) : (digits, base)
        let isNumber =
            !rest.isEmpty
            && rest.allSatisfy { character in
                character.isASCII && Int(String(character), radix: radix) != nil
                    && character != "+" && character != "-"
            }
        guard isNumber else { throw GoValueError(function: function, text: text, reason: .syntax) }
        return UInt64(rest, radix: radix)
    }

    private static func withoutPrefix(_ digits: Substring) -> (Substring, Int) {
        let prefix = digits.prefix(2).lowercased()
        switch prefix {
        case "0x": return (digits.dropFirst(2), 16)
        case "0o": return (digits.dropFirst(2), 8)
        case "0b": return (digits.dropFirst(2), 2)
        default:
            let isOctal = digits.hasPrefix("0") && digits.utf8.count > 1
            return isOctal ? (digits.dropFirst(), 8) : (digits, 10)
        }
    }
}
