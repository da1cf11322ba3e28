import GoText

/// Durations as etcd's flags and logs write them: `1h2m0.5s`, `300ms`, `896.843µs`.
package enum GoDuration {
    /// Nanoseconds in each unit a duration text may use.
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Reads a signed sequence of decimal numbers with units into nanoseconds; nil when malformed
    /// or out of the range of 64-bit nanoseconds.
    package static func nanoseconds(_ text: String) -> Int64? {
        try? parse(text)
    }

    /// As `nanoseconds`.
    ///
    /// - Throws: Go's text.
    package static func parse(_ text: String) throws(GoDurationError) -> Int64 {
        var rest = Substring(text)
        var isNegative = false
        if rest.first == "-" || rest.first == "+" {
            isNegative = rest.removeFirst() == "-"
        }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { throw .invalid(text) }
        var total: UInt64 = 0
        while !rest.isEmpty {
            let (sum, overflow) = total.addingReportingOverflow(try takeTerm(&rest, of: text))
            if overflow || sum > UInt64(Int64.max) { throw .invalid(text) }
            total = sum
        }
        return isNegative ? -Int64(total) : Int64(total)
    }

    /// One number and its unit from the front of the text, in nanoseconds.
    private static func takeTerm(
        _ rest: inout Substring, of text: String
    ) throws(GoDurationError) -> UInt64 {
        let whole = takeDigits(&rest)
        var fraction: Substring = ""
        if rest.first == "." {
            rest.removeFirst()
            fraction = takeDigits(&rest)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { throw .invalid(text) }
        let unitText = rest.prefix { $0 != "." && !isDigit($0) }
        guard !unitText.isEmpty else { throw .missingUnit(text) }
        guard let unit = units.first(where: { $0.name == unitText })?.nanoseconds else {
            throw .unknownUnit(String(unitText), text)
        }
        rest = rest.dropFirst(unitText.count)
        guard let count = whole.isEmpty ? 0 : UInt64(whole) else { throw .invalid(text) }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { throw .invalid(text) }
        let (sum, sumOverflow) = product.addingReportingOverflow(fractionOf(unit, digits: fraction))
        guard !sumOverflow else { throw .invalid(text) }
        return sum
    }

    /// The value of the decimal digits after the point in a unit, rounded to nanoseconds.
    private static func fractionOf(_ unit: UInt64, digits: Substring) -> UInt64 {
        var value = 0.0
        var scale = 0.1
        for digit in digits.utf8.prefix(18) {
            value += Double(digit - UInt8(ascii: "0")) * scale
            scale /= 10
        }
        return UInt64((value * Double(unit)).rounded(.toNearestOrEven))
    }

    private static func takeDigits(_ rest: inout Substring) -> Substring {
        let digits = rest.prefix(while: isDigit)
        rest = rest.dropFirst(digits.count)
        return digits
    }

    private static func isDigit(_ character: Character) -> Bool {
        ("0"..."9").contains(character) && character.isASCII
    }

    /// Writes nanoseconds the way Go prints a duration.
    package static func text(nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        switch magnitude {
        case ..<1_000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return sign + decimal(magnitude, unit: 1_000, width: 3) + "µs"
        case ..<1_000_000_000: return sign + decimal(magnitude, unit: 1_000_000, width: 6) + "ms"
        default: break
        }
        let second: UInt64 = 1_000_000_000
        let minutes = magnitude / (60 * second)
        var text = sign
        if minutes >= 60 { text += "\(minutes / 60)h" }
        if minutes > 0 { text += "\(minutes % 60)m" }
        return text + decimal(magnitude % (60 * second), unit: second, width: 9) + "s"
    }

    /// `value / unit` with as many of `width` decimals as are not trailing zeros.
    private static func decimal(_ value: UInt64, unit: UInt64, width: Int) -> String {
        let remainder = value % unit
        guard remainder > 0 else { return String(value / unit) }
        let digits = String(remainder)
        var fraction = String(repeating: "0", count: width - digits.utf8.count) + digits
        while fraction.last == "0" { fraction.removeLast() }
        return "\(value / unit).\(fraction)"
    }
}

/// Why a text is no duration, with Go's text.
package enum GoDurationError: Error, Hashable, CustomStringConvertible {
    case invalid(String)
    case missingUnit(String)
    case unknownUnit(String, String)

    package var description: String {
        switch self {
        case .invalid(let text): "time: invalid duration \(text.goQuoted)"
        case .missingUnit(let text): "time: missing unit in duration \(text.goQuoted)"
        case .unknownUnit(let unit, let text):
            "time: unknown unit \(unit.goQuoted) in duration \(text.goQuoted)"
        }
    }
}
