/// A token of a JSON text.
struct JSONToken {
    enum Kind {
        case objectOpen, objectClose, arrayOpen, arrayClose, string, number, bool, null
    }

    let kind: Kind
    /// The bytes of the token in the text; a string has its quotes.
    let range: Range<Int>
    /// Whether a string has escapes.
    var hasEscapes = false
}

/// Reads the tokens of a value that `JSONValueScanner` has found.
///
/// The value is well-formed, so that commas and colons are skipped like blanks. Strings are checked
/// here: they are UTF-8, and escaped surrogates come in pairs. The errors are those of Go's
/// `protojson`.
struct JSONReader {
    let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The next token without reading it.
    mutating func peek() throws(JSONError) -> JSONToken {
        let start = position
        defer { position = start }
        return try next()
    }

    mutating func next() throws(JSONError) -> JSONToken {
        while position < bytes.count, isSeparator(bytes[position]) { position += 1 }
        guard position < bytes.count else { throw .protobufEnd }
        let start = position
        switch bytes[position] {
        case UInt8(ascii: "{"): return single(.objectOpen)
        case UInt8(ascii: "}"): return single(.objectClose)
        case UInt8(ascii: "["): return single(.arrayOpen)
        case UInt8(ascii: "]"): return single(.arrayClose)
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return word(.bool, from: start)
        case UInt8(ascii: "n"): return word(.null, from: start)
        default: return word(.number, from: start)
        }
    }

    /// Skips a value, whatever it contains.
    mutating func skipValue() throws(JSONError) {
        var depth = 0
        repeat {
            switch try next().kind {
            case .objectOpen, .arrayOpen: depth += 1
            case .objectClose, .arrayClose: depth -= 1
            case .string, .number, .bool, .null: break
            }
        } while depth > 0
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte.isJSONBlank || byte == UInt8(ascii: ",") || byte == UInt8(ascii: ":")
    }

    private mutating func single(_ kind: JSONToken.Kind) -> JSONToken {
        position += 1
        return JSONToken(kind: kind, range: position - 1..<position)
    }

    private mutating func word(_ kind: JSONToken.Kind, from start: Int) -> JSONToken {
        while position < bytes.count, !isSeparator(bytes[position]),
            bytes[position] != UInt8(ascii: "}"), bytes[position] != UInt8(ascii: "]")
        { position += 1 }
        return JSONToken(kind: kind, range: start..<position)
    }

    private mutating func string() throws(JSONError) -> JSONToken {
        let start = position
        var (isASCII, hasEscapes) = (true, false)
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            let byte = bytes[position]
            if byte >= 0x80 { isASCII = false }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 1
            }
            position += 1
        }
        guard position < bytes.count else { throw .protobufEnd }
        position += 1
        let token = JSONToken(kind: .string, range: start..<position, hasEscapes: hasEscapes)
        guard isASCII || String(validating: contents(of: token), as: UTF8.self) != nil else {
            throw syntaxError(at: start, "invalid UTF-8 in string")
        }
        if hasEscapes { _ = try text(of: token) }
        return token
    }

    /// The bytes between the quotes of a string.
    private func contents(of token: JSONToken) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[token.range.dropFirst().dropLast()])
    }

    /// Calls `body` with the text of a string without its escapes.
    func withText<Result>(
        of token: JSONToken, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(JSONError) -> Result {
        guard token.hasEscapes else { return body(contents(of: token)) }
        let text = try text(of: token)
        return text.withUnsafeBytes(body)
    }

    private func text(of token: JSONToken) throws(JSONError) -> [UInt8] {
        let contents = contents(of: token)
        var text: [UInt8] = []
        text.reserveCapacity(contents.count)
        var index = 0
        while index < contents.count {
            guard contents[index] == UInt8(ascii: "\\") else {
                text.append(contents[index])
                index += 1
                continue
            }
            let escape = contents[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = try scalar(in: contents, at: &index, of: token)
                text.append(contentsOf: Character(scalar).utf8)
            default: text.append(escape)
            }
        }
        return text
    }

    /// The character of an escape whose digits are at `index`; a pair of surrogates is one.
    private func scalar(
        in contents: UnsafeRawBufferPointer, at index: inout Int, of token: JSONToken
    ) throws(JSONError) -> Unicode.Scalar {
        let first = unit(in: contents, at: index)
        index += 4
        if let scalar = Unicode.Scalar(first) { return scalar }
        // The closing quote counts, as in Go.
        guard contents.count - index >= 5 else { throw .protobufEnd }
        let second = unit(in: contents, at: index + 2)
        guard contents[index] == UInt8(ascii: "\\"), contents[index + 1] == UInt8(ascii: "u"),
            (0xD800..<0xDC00).contains(first), (0xDC00..<0xE000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else {
            let code = String(decoding: contents[index...].prefix(6), as: UTF8.self)
            throw syntaxError(
                at: token.range.lowerBound, "invalid escape code \"\(code)\" in string")
        }
        index += 6
        return scalar
    }

    /// Four hexadecimal digits; any other character counts as zero.
    private func unit(in contents: UnsafeRawBufferPointer, at index: Int) -> UInt32 {
        contents[min(index, contents.count)...].prefix(4).reduce(0) {
            $0 << 4 | ($1.hexadecimalValue ?? 0)
        }
    }
}

/// Errors with their location in the text.
extension JSONReader {
    private static let quotedBytesMax = 4096

    func syntaxError(at position: Int, _ text: String) -> JSONError {
        JSONError("proto: syntax error \(location(position)): \(text)")
    }

    func unexpected(_ token: JSONToken) -> JSONError {
        syntaxError(at: token.range.lowerBound, "unexpected token \(raw(token))")
    }

    func failure(at token: JSONToken, _ text: String) -> JSONError {
        JSONError("proto: \(location(token.range.lowerBound)): \(text)")
    }

    /// A token as it stands in the text.
    func raw(_ token: JSONToken) -> String {
        String(decoding: bytes[token.range].prefix(Self.quotedBytesMax), as: UTF8.self)
    }

    private func location(_ position: Int) -> String {
        let before = bytes[..<position]
        let line = before.reduce(1) { $1 == 0x0A ? $0 + 1 : $0 }
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        // Continuation bytes of UTF-8 are no characters of their own.
        let column = before[start...].reduce(1) { $1 & 0xC0 == 0x80 ? $0 : $0 + 1 }
        return "(line \(line):\(column))"
    }
}

extension JSONError {
    /// The text ends inside of a token or a message.
    static let protobufEnd = JSONError("proto: unexpected EOF")
}
