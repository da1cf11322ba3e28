/// A JSON number that is an integer: `12`, `-3`, `1.0`, `15e1`.
struct JSONInteger {
    private let isNegative: Bool
    private let magnitude: UInt64

    /// More zeros make every number too large.
    private static let zerosMax = 20

    /// - Returns: nil if the text is not a JSON number, not an integer, or has more than 64 bits.
    init?(_ text: UnsafeRawBufferPointer) {
        guard let parts = Parts(text) else { return nil }
        isNegative = parts.isNegative
        var digits = parts.digits[...]
        while digits.first == 0 { digits.removeFirst() }
        guard !digits.isEmpty else {
            magnitude = 0
            return
        }
        var scale = parts.exponent
        while scale < 0 {
            guard digits.popLast() == 0 else { return nil }
            scale += 1
        }
        guard scale <= Self.zerosMax else { return nil }
        var value: UInt64 = 0
        for digit in digits + [UInt8](repeating: 0, count: scale) {
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isOverflow) = product.addingReportingOverflow(UInt64(digit))
            guard !isTooLarge, !isOverflow else { return nil }
            value = sum
        }
        magnitude = value
    }

    /// The bits of the value; nil if it is not in the range.
    func signed(_ range: ClosedRange<Int64>) -> UInt64? {
        let value: Int64
        if isNegative {
            guard magnitude <= Int64.min.magnitude else { return nil }
            value = Int64(truncatingIfNeeded: 0 &- magnitude)
        } else {
            guard let positive = Int64(exactly: magnitude) else { return nil }
            value = positive
        }
        return range.contains(value) ? UInt64(bitPattern: value) : nil
    }

    /// The value; nil if it is negative or greater than `valueMax`.
    func unsigned(_ valueMax: UInt64) -> UInt64? {
        (!isNegative || magnitude == 0) && magnitude <= valueMax ? magnitude : nil
    }
}

/// The parts of a JSON number. Its value is that of the digits, times ten to the exponent.
private struct Parts {
    var isNegative = false
    var digits: [UInt8] = []
    var exponent = 0

    /// A greater exponent makes every number too large, or no integer.
    private static let exponentMax = 1_000_000

    init?(_ text: UnsafeRawBufferPointer) {
        var rest = text[...]
        isNegative = Self.skip(UInt8(ascii: "-"), &rest)
        let whole = Self.digits(&rest)
        guard let first = whole.first, first != 0 || whole.count == 1 else { return nil }
        digits = whole
        if Self.skip(UInt8(ascii: "."), &rest) {
            let fraction = Self.digits(&rest)
            guard !fraction.isEmpty else { return nil }
            digits += fraction
            exponent = -fraction.count
        }
        if Self.skip(UInt8(ascii: "e"), &rest) || Self.skip(UInt8(ascii: "E"), &rest) {
            let isNegative = Self.skip(UInt8(ascii: "-"), &rest)
            if !isNegative { _ = Self.skip(UInt8(ascii: "+"), &rest) }
            let written = Self.digits(&rest)
            guard !written.isEmpty else { return nil }
            let value = written.reduce(0) { min($0 * 10 + Int($1), Self.exponentMax) }
            exponent += isNegative ? -value : value
        }
        guard rest.isEmpty else { return nil }
    }

    private static func skip(_ byte: UInt8, _ rest: inout Slice<UnsafeRawBufferPointer>) -> Bool {
        guard rest.first == byte else { return false }
        rest.removeFirst()
        return true
    }

    private static func digits(_ rest: inout Slice<UnsafeRawBufferPointer>) -> [UInt8] {
        let found = rest.prefix { UInt8.digits ~= $0 }
        rest = rest.dropFirst(found.count)
        return found.map { $0 - UInt8(ascii: "0") }
    }
}
