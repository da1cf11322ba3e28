/// Numbers as printed by Go in metrics: the shortest digits that parse to the same value, with an
/// exponent below 1e-04 and from 1e+06 on.
enum GoFloat {
    static func append(_ value: Double, to text: inout [UInt8]) {
        if value.isNaN { return text += "NaN".utf8 }
        if value.isInfinite { return text += (value < 0 ? "-Inf" : "+Inf").utf8 }
        if value.magnitude < 1_000_000, let whole = Int64(exactly: value) {
            return append(whole: whole, to: &text)
        }
        let (digits, exponent) = shortestDigits(value.magnitude)
        if value < 0 { text.append(UInt8(ascii: "-")) }
        if exponent < -4 || exponent >= 6 {
            appendScientific(digits, exponent, to: &text)
        } else {
            appendPlain(digits, exponent, to: &text)
        }
    }

    private static func append(whole: Int64, to text: inout [UInt8]) {
        if whole < 0 { text.append(UInt8(ascii: "-")) }
        let start = text.count
        var rest = whole.magnitude
        repeat {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        text[start...].reverse()
    }

    /// Significant digits without leading and trailing zeros, and the power of ten of the first.
    private static func shortestDigits(_ magnitude: Double) -> (digits: [UInt8], exponent: Int) {
        let parts = "\(magnitude)".split(separator: "e", maxSplits: 1)
        var mantissa = Array(parts[0].utf8)
        var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        if let point = mantissa.firstIndex(of: UInt8(ascii: ".")) {
            mantissa.remove(at: point)
            exponent += point - 1
        } else {
            exponent += mantissa.count - 1
        }
        let leadingZeros = mantissa.prefix { $0 == UInt8(ascii: "0") }.count
        mantissa.removeFirst(leadingZeros)
        exponent -= leadingZeros
        while mantissa.last == UInt8(ascii: "0") { mantissa.removeLast() }
        return (mantissa, exponent)
    }

    private static func appendScientific(
        _ digits: [UInt8], _ exponent: Int, to text: inout [UInt8]
    ) {
        text += digits.prefix(1)
        if digits.count > 1 {
            text.append(UInt8(ascii: "."))
            text += digits.dropFirst()
        }
        text += exponent < 0 ? "e-".utf8 : "e+".utf8
        if exponent.magnitude < 10 { text.append(UInt8(ascii: "0")) }
        text += String(exponent.magnitude).utf8
    }

    private static func appendPlain(
        _ digits: [UInt8], _ exponent: Int, to text: inout [UInt8]
    ) {
        if exponent < 0 {
            text += "0.".utf8
            text += [UInt8](repeating: UInt8(ascii: "0"), count: -exponent - 1)
            text += digits
            return
        }
        let wholeCount = exponent + 1
        text += digits.prefix(wholeCount)
        text += [UInt8](repeating: UInt8(ascii: "0"), count: max(0, wholeCount - digits.count))
        if digits.count > wholeCount {
            text.append(UInt8(ascii: "."))
            text += digits.dropFirst(wholeCount)
        }
    }
}
