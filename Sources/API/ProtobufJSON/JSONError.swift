internal import GoText

/// Why a text is not the JSON form of a message, in the words of the libraries that etcd uses.
package struct JSONError: Error, Equatable, Sendable {
    package let message: String

    init(_ message: String) {
        self.message = message
    }
}

extension JSONError {
    /// The text ends inside of a value.
    static let unexpectedEnd = JSONError("unexpected EOF")
    /// Arrays and objects are nested too deeply.
    static let exceededDepth = JSONError("exceeded max depth")
    /// Messages are nested too deeply.
    static let nestedTooDeeply = JSONError("proto: exceeded maximum recursion depth")

    /// A character that no value has there.
    ///
    /// - Parameter context: where it is, for example `in string`.
    static func character(
        at position: Int, in bytes: UnsafeRawBufferPointer, _ context: String
    ) -> JSONError {
        let rest = bytes[position...]
        return JSONError("invalid character \(quote(rest)) \(context)")
    }

    /// The first character as Go quotes it.
    private static func quote(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else {
            return "'\\x\(hexadecimal(UInt32(bytes.first ?? 0), digits: 2))'"
        }
        switch scalar {
        case "'": return "'\\''"
        case "\"": return "'\"'"
        case "\\", "\n", "\r", "\t":
            return "'" + String(scalar).goQuoted.dropFirst().dropLast() + "'"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            return "'\\x\(hexadecimal(scalar.value, digits: 2))'"
        case _ where isPrintable(scalar): return "'\(Character(scalar))'"
        case _ where scalar.value <= 0xFFFF:
            return "'\\u\(hexadecimal(scalar.value, digits: 4))'"
        default: return "'\\U\(hexadecimal(scalar.value, digits: 8))'"
        }
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator,
            .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(digits - text.utf8.count, 0)) + text
    }
}
