import Disk

/// Virtual time: nanoseconds since the start of the run, or between two points of it.
typealias Nanoseconds = Int64

extension Nanoseconds {
    static let microsecond: Nanoseconds = 1_000
    static let millisecond: Nanoseconds = 1_000_000
    static let second: Nanoseconds = 1_000_000_000
}

extension SeededGenerator {
    /// A duration within bounds, each power of two as likely as the next: short ones are common,
    /// long ones occur.
    mutating func duration(_ range: ClosedRange<Nanoseconds>) -> Nanoseconds {
        var width = range.upperBound - range.lowerBound
        guard width > 0 else { return range.lowerBound }
        let halvings = Int64.zero.leadingZeroBitCount - width.leadingZeroBitCount
        width >>= Int64(next() % UInt64(min(halvings, 8)))
        return range.lowerBound + Int64(next() % UInt64(width + 1))
    }

    /// Whether an event with this probability, in millionths, occurs.
    mutating func happens(_ perMillion: Int) -> Bool {
        perMillion > 0 && Int(next() % 1_000_000) < perMillion
    }

    /// A number below a bound.
    mutating func number(below bound: Int) -> Int {
        precondition(bound > 0, "a number is drawn from at least one")
        return Int(next() % UInt64(bound))
    }
}
