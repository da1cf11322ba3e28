import GoText

/// Durations as Go writes and reads them: `1m30s`, `4.608593ms`.
package enum GoDuration {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("µs", 1_000), ("μs", 1_000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Parses a sum of numbers with units, such as `-1.5h` or `2s300ms`.
    package static func parse(_ text: String) throws(GoValueError) -> Duration {
        let invalid = GoValueError("time: invalid duration \(text.goQuoted)")
        var rest = text[...]
        let isNegative = rest.hasPrefix("-")
        if isNegative || rest.hasPrefix("+") { rest = rest.dropFirst() }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { throw invalid }
        var total = Duration.zero
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            guard let nanoseconds = fraction(number) else { throw invalid }
            let unit = rest.prefix { !($0.isASCII && ($0.isNumber || $0 == ".")) }
            rest = rest.dropFirst(unit.count)
            guard !unit.isEmpty else {
                throw GoValueError("time: missing unit in duration \(text.goQuoted)")
            }
            guard let size = units.first(where: { $0.name == unit })?.nanoseconds else {
                throw GoValueError(
                    "time: unknown unit \(String(unit).goQuoted) in duration \(text.goQuoted)")
            }
            guard nanoseconds * Double(size) < 9.2e18 else { throw invalid }
            total += .nanoseconds(Int64(nanoseconds * Double(size)))
        }
        return isNegative ? .zero - total : total
    }

    private static func fraction(_ digits: Substring) -> Double? {
        digits.contains(where: \.isNumber) ? Double(digits) : nil
    }

    /// The text of a duration: hours, minutes and seconds, or one smaller unit with its fraction.
    package static func text(_ duration: Duration) -> String {
        let nanoseconds = Int64(duration / .nanoseconds(1))
        guard nanoseconds != 0 else { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        switch magnitude {
        case ..<1_000: return "\(sign)\(magnitude)ns"
        case ..<1_000_000: return sign + decimal(magnitude, 1_000, "µs")
        case ..<1_000_000_000: return sign + decimal(magnitude, 1_000_000, "ms")
        default: break
        }
        let minutes = magnitude / 60_000_000_000
        let seconds = decimal(magnitude % 60_000_000_000, 1_000_000_000, "s")
        if minutes == 0 { return sign + seconds }
        let hours = minutes / 60
        return sign + (hours > 0 ? "\(hours)h" : "") + "\(minutes % 60)m" + seconds
    }

    private static func decimal(_ value: UInt64, _ size: UInt64, _ unit: String) -> String {
        var fraction = String(size + value % size).dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        return "\(value / size)" + (fraction.isEmpty ? "" : ".\(fraction)") + unit
    }
}
