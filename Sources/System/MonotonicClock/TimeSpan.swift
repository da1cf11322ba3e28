// The types of this module are public, and their members inlinable, although only this package uses
// them: the compiler does not inline or specialize `package` declarations in other modules, and
// the stages compare these on every run.

/// An amount of time in nanoseconds, in 8 bytes; Swift's `Duration` takes 16.
///
/// Sums and products that do not fit are the longest or the shortest span: 292 years.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable
    public static var zero: TimeSpan { TimeSpan(nanoseconds: 0) }

    @inlinable
    public static var max: TimeSpan { TimeSpan(nanoseconds: .max) }

    @inlinable
    public static func nanoseconds(_ count: Int64) -> TimeSpan { TimeSpan(nanoseconds: count) }

    @inlinable
    public static func microseconds(_ count: Int64) -> TimeSpan {
        TimeSpan(nanoseconds: 1000) * count
    }

    @inlinable
    public static func milliseconds(_ count: Int64) -> TimeSpan {
        TimeSpan(nanoseconds: 1_000_000) * count
    }

    @inlinable
    public static func seconds(_ count: Int64) -> TimeSpan {
        TimeSpan(nanoseconds: 1_000_000_000) * count
    }

    /// Whole milliseconds, rounded towards zero.
    @inlinable
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }

    /// Whole milliseconds, rounded up: for waits that must not end early.
    @inlinable
    public var millisecondsRoundedUp: Int64 {
        nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
    }

    /// Seconds with their fraction.
    @inlinable
    public var seconds: Double { Double(nanoseconds) / 1e9 }

    /// Whole seconds of a span that is not negative, rounded up.
    @inlinable
    public var secondsRoundedUp: Int64 {
        nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 > 0 ? 1 : 0)
    }

    @inlinable
    public static func == (left: TimeSpan, right: TimeSpan) -> Bool {
        left.nanoseconds == right.nanoseconds
    }

    @inlinable
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(nanoseconds) }

    @inlinable
    public static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        let (sum, overflow) = left.nanoseconds.addingReportingOverflow(right.nanoseconds)
        return TimeSpan(nanoseconds: overflow ? (left.nanoseconds < 0 ? .min : .max) : sum)
    }

    @inlinable
    public static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        let (rest, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
        return TimeSpan(nanoseconds: overflow ? (left.nanoseconds < 0 ? .min : .max) : rest)
    }

    @inlinable
    public static func * (left: TimeSpan, right: Int64) -> TimeSpan {
        let (product, overflow) = left.nanoseconds.multipliedReportingOverflow(by: right)
        let isNegative = (left.nanoseconds < 0) != (right < 0)
        return TimeSpan(nanoseconds: overflow ? (isNegative ? .min : .max) : product)
    }

    /// The quotient is rounded towards zero.
    @inlinable
    public static func / (left: TimeSpan, right: Int64) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds / right)
    }

    /// How many whole times `right` fits into `left`.
    @inlinable
    public static func / (left: TimeSpan, right: TimeSpan) -> Int64 {
        left.nanoseconds / right.nanoseconds
    }
}

extension TimeSpan: CustomStringConvertible {
    /// In milliseconds: `7000 ms`, `0.25 ms`.
    public var description: String {
        nanoseconds % 1_000_000 == 0 ? "\(milliseconds) ms" : "\(Double(nanoseconds) / 1e6) ms"
    }
}

extension TimeSpan {
    /// Whole nanoseconds, rounded towards zero.
    @inlinable
    public init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}

extension Duration {
    @inlinable
    public init(_ span: TimeSpan) { self = .nanoseconds(span.nanoseconds) }
}
