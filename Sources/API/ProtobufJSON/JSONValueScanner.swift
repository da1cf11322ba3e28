/// Finds the end of a JSON value in a text that may arrive in parts.
///
/// A request begins with one value, and what follows it is not read; a stream of requests is a
/// sequence of values. A value that was found is well-formed, apart from what its strings contain.
/// The errors are those of Go's `encoding/json`.
///
/// States: `value`, `firstElement`, `firstName` and `name` wait for a token, `colon` and `next` for
/// what separates tokens, the others are inside of a string, a number or a literal.
package struct JSONValueScanner {
    private enum State {
        case value, firstElement, firstName, name, colon, next
        case string, escape
        case unicode(digitCount: Int)
        case minus, zero, integer, point, fraction, exponent, exponentSign, exponentDigits
        case literal(StaticString, offset: Int)
    }

    /// Nesting limit of arrays and objects, that of Go.
    static let depthMax = 10_000

    private var state = State.value
    /// The open containers, the innermost last: whether each is an object.
    private var containers: [Bool] = []
    private var isName = false
    private var hasStarted = false

    package init() {}

    /// Reads from `position` on, and moves it behind what was read. Returns whether a value ends
    /// there; else all bytes are read.
    package mutating func scan(
        _ bytes: UnsafeRawBufferPointer, from position: inout Int
    ) throws(JSONError) -> Bool {
        while position < bytes.count {
            let byte = bytes[position]
            if case .string = state, byte.isPlainInString {
                position += 1
                continue
            }
            // A number ends before the first character that does not belong to it.
            if isNumberAtEnd, !continuesNumber(byte) {
                if endValue() { return true }
                continue
            }
            if try step(byte, position, bytes) {
                position += 1
                return true
            }
            position += 1
        }
        return false
    }

    /// The text has ended. Returns whether a value ends with it.
    package mutating func finish() throws(JSONError) -> Bool {
        guard hasStarted else { return false }
        guard containers.isEmpty, isNumberAtEnd else { throw .unexpectedEnd }
        return endValue()
    }

    /// A value has ended; returns whether it was the outermost, so that the next one may follow.
    private mutating func endValue() -> Bool {
        state = .next
        guard containers.isEmpty else { return false }
        self = JSONValueScanner()
        return true
    }

    private var isNumberAtEnd: Bool {
        switch state {
        case .zero, .integer, .fraction, .exponentDigits: true
        default: false
        }
    }

    private func continuesNumber(_ byte: UInt8) -> Bool {
        switch (state, byte) {
        case (.integer, UInt8.digits), (.fraction, UInt8.digits), (.exponentDigits, UInt8.digits):
            true
        case (.zero, UInt8(ascii: ".")), (.integer, UInt8(ascii: ".")): true
        case (.zero, UInt8.exponents), (.integer, UInt8.exponents), (.fraction, UInt8.exponents):
            true
        default: false
        }
    }

    /// Reads one byte; returns whether the outermost value ends with it.
    private mutating func step(
        _ byte: UInt8, _ position: Int, _ bytes: UnsafeRawBufferPointer
    ) throws(JSONError) -> Bool {
        func failure(_ context: String) -> JSONError {
            .character(at: position, in: bytes, context)
        }
        switch state {
        case .string: return try stringStep(byte, failure)
        case .escape:
            switch byte {
            case UInt8(ascii: "u"): state = .unicode(digitCount: 0)
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
                UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                state = .string
            default: throw Self.invalidEscape(bytes[...position].suffix(2))
            }
        case .unicode(let digitCount):
            guard byte.hexadecimalValue != nil else {
                throw Self.invalidEscape(bytes[...position].suffix(3 + digitCount))
            }
            state = digitCount == 3 ? .string : .unicode(digitCount: digitCount + 1)
        case .literal(let text, let offset):
            guard byte == text.utf8Start[offset] else {
                let expected = Character(Unicode.Scalar(text.utf8Start[offset]))
                throw failure("in literal \(text) (expecting '\(expected)')")
            }
            guard offset + 1 == text.utf8CodeUnitCount else {
                state = .literal(text, offset: offset + 1)
                return false
            }
            return endValue()
        case .minus, .zero, .integer, .point, .fraction, .exponent, .exponentSign, .exponentDigits:
            try numberStep(byte, failure)
        case .value, .firstElement, .firstName, .name, .colon, .next:
            return try structureStep(byte, failure)
        }
        return false
    }

    private mutating func stringStep(
        _ byte: UInt8, _ failure: (String) -> JSONError
    ) throws(JSONError) -> Bool {
        switch byte {
        case UInt8(ascii: "\""):
            guard isName else { return endValue() }
            isName = false
            state = .colon
        case UInt8(ascii: "\\"): state = .escape
        case 0..<0x20: throw failure("in string")
        default: break
        }
        return false
    }

    private mutating func numberStep(
        _ byte: UInt8, _ failure: (String) -> JSONError
    ) throws(JSONError) {
        switch (state, byte) {
        case (.minus, UInt8(ascii: "0")): state = .zero
        case (.minus, UInt8.digits): state = .integer
        case (.zero, UInt8(ascii: ".")), (.integer, UInt8(ascii: ".")): state = .point
        case (.zero, UInt8.exponents), (.integer, UInt8.exponents), (.fraction, UInt8.exponents):
            state = .exponent
        case (.point, UInt8.digits): state = .fraction
        case (.exponent, UInt8(ascii: "+")), (.exponent, UInt8(ascii: "-")): state = .exponentSign
        case (.exponent, UInt8.digits), (.exponentSign, UInt8.digits): state = .exponentDigits
        case (.integer, UInt8.digits), (.fraction, UInt8.digits), (.exponentDigits, UInt8.digits):
            break
        default: throw failure("in number (expecting digit)")
        }
    }

    /// Reads a byte between tokens.
    private mutating func structureStep(
        _ byte: UInt8, _ failure: (String) -> JSONError
    ) throws(JSONError) -> Bool {
        if byte.isJSONBlank { return false }
        hasStarted = true
        switch (state, byte) {
        case (.colon, UInt8(ascii: ":")): state = .value
        case (.colon, _): throw failure("after object key")
        case (.firstName, UInt8(ascii: "}")), (.firstElement, UInt8(ascii: "]")):
            return endContainer()
        case (.firstName, UInt8(ascii: "\"")), (.name, UInt8(ascii: "\"")):
            isName = true
            state = .string
        case (.firstName, _), (.name, _):
            throw failure("looking for beginning of object key string")
        case (.next, UInt8(ascii: ",")): state = containers.last == true ? .name : .value
        case (.next, UInt8(ascii: "}")) where containers.last == true: return endContainer()
        case (.next, UInt8(ascii: "]")) where containers.last == false: return endContainer()
        case (.next, _):
            throw failure(
                containers.last == true ? "after object key:value pair" : "after array element")
        default: try beginValue(byte, failure)
        }
        return false
    }

    private mutating func beginValue(
        _ byte: UInt8, _ failure: (String) -> JSONError
    ) throws(JSONError) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard containers.count < Self.depthMax else { throw .exceededDepth }
            let isObject = byte == UInt8(ascii: "{")
            containers.append(isObject)
            state = isObject ? .firstName : .firstElement
        case UInt8(ascii: "\""): state = .string
        case UInt8(ascii: "-"): state = .minus
        case UInt8(ascii: "0"): state = .zero
        case UInt8.digits: state = .integer
        case UInt8(ascii: "t"): state = .literal("true", offset: 1)
        case UInt8(ascii: "f"): state = .literal("false", offset: 1)
        case UInt8(ascii: "n"): state = .literal("null", offset: 1)
        default: throw failure("looking for beginning of value")
        }
    }

    private mutating func endContainer() -> Bool {
        containers.removeLast()
        return endValue()
    }

    private static func invalidEscape(_ bytes: Slice<UnsafeRawBufferPointer>) -> JSONError {
        JSONError("invalid escape sequence `\(String(decoding: bytes, as: UTF8.self))` in string")
    }
}

extension UInt8 {
    static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    /// The letters that start an exponent.
    static let exponents = ExponentLetter()

    var isJSONBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }

    /// Whether a string may contain it without an escape.
    var isPlainInString: Bool {
        self >= 0x20 && self != UInt8(ascii: "\"") && self != UInt8(ascii: "\\")
    }

    var hexadecimalValue: UInt32? {
        switch self {
        case UInt8.digits: UInt32(self - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A") + 10)
        default: nil
        }
    }
}

/// The pattern of the letters `e` and `E`.
struct ExponentLetter {
    static func ~= (pattern: ExponentLetter, byte: UInt8) -> Bool {
        byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
    }
}
