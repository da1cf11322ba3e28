import CommandParsing

/// The words of a line: separated by blanks, in double quotes with escapes, or in single quotes.
enum Words {
    static func split(_ line: String) throws(ToolFailure) -> [String] {
        var words: [String] = []
        var rest = line.unicodeScalars[...]
        while let first = rest.first {
            if first.properties.isWhitespace {
                rest = rest.dropFirst()
            } else if first == "\"" {
                guard hasClosingQuote(rest.dropFirst()) else {
                    rest = rest.dropFirst()
                    continue
                }
                guard let (text, behind) = GoQuoted.parse(rest) else {
                    throw .input("invalid quoted string")
                }
                words.append(text)
                rest = behind
            } else if first == "'" {
                let inner = rest.dropFirst()
                guard let end = inner.firstIndex(of: "'") else {
                    rest = inner
                    continue
                }
                words.append(String(inner[..<end]))
                rest = inner[inner.index(after: end)...]
            } else {
                let word = rest.prefix { !$0.properties.isWhitespace }
                words.append(String(word))
                rest = rest.dropFirst(word.count)
            }
        }
        return words
    }

    /// Whether a string in double quotes ends; a quote behind a backslash does not end it.
    private static func hasClosingQuote(_ text: Substring.UnicodeScalarView) -> Bool {
        var rest = text
        while let scalar = rest.popFirst() {
            if scalar == "\"" { return true }
            if scalar == "\\" { _ = rest.popFirst() }
        }
        return false
    }
}

/// Strings in double quotes with Go's escapes.
enum GoQuoted {
    typealias Scalars = Substring.UnicodeScalarView

    /// The string that `text` begins with, and what is behind it; nil if it is malformed.
    static func parse(_ text: Scalars) -> (String, Scalars)? {
        guard text.first == "\"" else { return nil }
        var bytes: [UInt8] = []
        var rest = text.dropFirst()
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\"": return (String(argument: bytes), rest)
            case "\n": return nil
            case "\\":
                guard let escaped = escape(&rest) else { return nil }
                bytes += escaped
            default: bytes += String(scalar).argumentBytes
            }
        }
        return nil
    }

    private static func escape(_ rest: inout Scalars) -> [UInt8]? {
        guard let scalar = rest.popFirst() else { return nil }
        switch scalar {
        case "n": return [0x0A]
        case "r": return [0x0D]
        case "t": return [0x09]
        case "a": return [0x07]
        case "b": return [0x08]
        case "f": return [0x0C]
        case "v": return [0x0B]
        case "\\": return [0x5C]
        case "\"": return [0x22]
        case "x": return number(&rest, digits: 2).map { [UInt8(truncatingIfNeeded: $0)] }
        case "u": return number(&rest, digits: 4).flatMap(encoded)
        case "U": return number(&rest, digits: 8).flatMap(encoded)
        case "0"..."7":
            let text = String(scalar) + String(rest.prefix(2))
            rest = rest.dropFirst(2)
            return UInt32(text, radix: 8).flatMap { $0 < 256 ? [UInt8($0)] : nil }
        default: return nil
        }
    }

    private static func number(_ rest: inout Scalars, digits: Int) -> UInt32? {
        let text = String(rest.prefix(digits))
        rest = rest.dropFirst(digits)
        return text.utf8.count == digits ? UInt32(text, radix: 16) : nil
    }

    private static func encoded(_ value: UInt32) -> [UInt8]? {
        Unicode.Scalar(value).map { Array(String($0).utf8) }
    }
}
