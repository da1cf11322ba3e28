/// Bytes in double quotes with Go's escapes (`%q`): text as it is if it can be printed, other bytes
/// in hexadecimal.
package func goQuoted(_ bytes: some Sequence<UInt8>) -> String {
    var quoted = "\""
    var rest = Array(bytes)[...]
    while let first = rest.first {
        guard let scalar = firstScalar(rest) else {
            quoted += "\\x" + hexadecimal(UInt32(first), digits: 2)
            rest = rest.dropFirst()
            continue
        }
        quoted += escaped(scalar)
        rest = rest.dropFirst(UTF8.width(scalar))
    }
    return quoted + "\""
}

/// The scalar that the bytes begin with; nil if that is not UTF-8.
private func firstScalar(_ bytes: ArraySlice<UInt8>) -> Unicode.Scalar? {
    var decoder = UTF8()
    var iterator = bytes.prefix(4).makeIterator()
    guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
    return scalar
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\"": "\\\""
    case "\\": "\\\\"
    case "\u{07}": "\\a"
    case "\u{08}": "\\b"
    case "\u{0C}": "\\f"
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\u{0B}": "\\v"
    case _ where isPrinted(scalar): String(Character(scalar))
    case _ where scalar.value < 0x80: "\\x" + hexadecimal(scalar.value, digits: 2)
    case _ where scalar.value < 0x1_0000: "\\u" + hexadecimal(scalar.value, digits: 4)
    default: "\\U" + hexadecimal(scalar.value, digits: 8)
    }
}

/// As Go's `IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space.
private func isPrinted(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.value < 0x80 { return (0x20..<0x7F).contains(scalar.value) }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator,
        .lineSeparator, .paragraphSeparator:
        return false
    default:
        return true
    }
}

private func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: digits - text.utf8.count) + text
}
