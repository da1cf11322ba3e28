import Disk
import MonotonicClock

/// A point of virtual time: the true time since the start of the run, which no host knows. The
/// hosts' own clocks (`HostClock`) drift from it.
struct VirtualTime: Hashable, Comparable {
    var sinceStart: TimeSpan

    /// The start of the run.
    static let zero = VirtualTime(sinceStart: .zero)

    static func < (left: VirtualTime, right: VirtualTime) -> Bool {
        left.sinceStart < right.sinceStart
    }

    static func + (left: VirtualTime, right: TimeSpan) -> VirtualTime {
        VirtualTime(sinceStart: left.sinceStart + right)
    }

    static func - (left: VirtualTime, right: TimeSpan) -> VirtualTime {
        VirtualTime(sinceStart: left.sinceStart - right)
    }

    static func - (left: VirtualTime, right: VirtualTime) -> TimeSpan {
        left.sinceStart - right.sinceStart
    }
}

extension MonotonicTime {
    /// A point of virtual time on the clock of the checkers.
    init(_ time: VirtualTime) { self = .zero + time.sinceStart }
}

extension TimeSpan {
    static let microsecond = TimeSpan.microseconds(1)
    static let millisecond = TimeSpan.milliseconds(1)
    static let second = TimeSpan.seconds(1)

    static func * (left: Int64, right: TimeSpan) -> TimeSpan { right * left }
}

extension SeededGenerator {
    /// A duration within bounds, each power of two as likely as the next: short ones are common,
    /// long ones occur.
    mutating func duration(_ range: ClosedRange<TimeSpan>) -> TimeSpan {
        var width = (range.upperBound - range.lowerBound).nanoseconds
        guard width > 0 else { return range.lowerBound }
        let halvings = Int64.zero.leadingZeroBitCount - width.leadingZeroBitCount
        width >>= Int64(next() % UInt64(min(halvings, 8)))
        return range.lowerBound + .nanoseconds(Int64(next() % UInt64(width + 1)))
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
