/// Writes a message in Go's one-line text format, for logs: `key:"a" limit:5`.
///
/// Zero and empty fields are omitted. Values of keys must not be logged; their size is logged
/// instead.
struct MessageText {
    private(set) var text = ""

    private mutating func append(_ name: String, _ value: String) {
        if !text.isEmpty { text += " " }
        text += name
        text += ":"
        text += value
    }

    mutating func bytes(_ name: String, _ value: ArraySlice<UInt8>) {
        if !value.isEmpty { append(name, Self.quoted(value)) }
    }

    mutating func number(_ name: String, _ value: some BinaryInteger) {
        if value != 0 { append(name, String(value)) }
    }

    /// A member of a oneof is written even when it is zero.
    mutating func explicitNumber(_ name: String, _ value: Int64) { append(name, String(value)) }

    mutating func flag(_ name: String, _ value: Bool) {
        if value { append(name, "true") }
    }

    /// An enumeration value, by name if it has one.
    mutating func choice(_ name: String, _ value: Int32, _ names: [String]) {
        guard value != 0 else { return }
        let isKnown = names.indices.contains(Int(value))
        append(name, isKnown ? names[Int(value)] : String(value))
    }

    mutating func message(_ name: String, _ value: String) { append(name, "{\(value)}") }

    /// Valid text unchanged; other bytes, control characters, quotes and backslashes escaped.
    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        var text = "\""
        var rest = bytes
        while let byte = rest.first {
            if byte >= 0x80, let scalar = scalar(at: rest) {
                text.unicodeScalars.append(scalar)
                rest = rest.dropFirst(UTF8.width(scalar))
                continue
            }
            rest = rest.dropFirst()
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text += "\\"
                text.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x0A: text += "\\n"
            case 0x0D: text += "\\r"
            case 0x09: text += "\\t"
            case 0x20..<0x7F: text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16)
                text += digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            }
        }
        return text + "\""
    }

    /// The non-ASCII character at the start of `bytes`; nil if they are not valid UTF-8.
    private static func scalar(at bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
        var decoder = UTF8()
        var iterator = bytes.prefix(4).makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator), scalar.value >= 0xA0
        else { return nil }
        return scalar
    }
}
