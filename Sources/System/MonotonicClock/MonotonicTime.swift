/// A point in time of a member's monotonic clock, in nanoseconds since some start that is the same
/// for all threads of the process.
///
/// Points and amounts (`TimeSpan`) do not mix: a point minus a point is an amount, a point plus an
/// amount is a point.
public struct MonotonicTime: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    @inlinable
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable
    public init(milliseconds: Int64) {
        nanoseconds = TimeSpan.milliseconds(milliseconds).nanoseconds
    }

    /// The clock's start.
    @inlinable
    public static var zero: MonotonicTime { MonotonicTime(nanoseconds: 0) }

    /// Before every other point.
    @inlinable
    public static var distantPast: MonotonicTime { MonotonicTime(nanoseconds: .min) }

    /// After every other point.
    @inlinable
    public static var distantFuture: MonotonicTime { MonotonicTime(nanoseconds: .max) }

    /// Whole milliseconds, rounded up: for waits that must not end early.
    @inlinable
    public var millisecondsRoundedUp: Int64 {
        nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 > 0 ? 1 : 0)
    }

    /// Whole milliseconds, rounded down.
    @inlinable
    public var milliseconds: Int64 {
        nanoseconds / 1_000_000 - (nanoseconds % 1_000_000 < 0 ? 1 : 0)
    }

    @inlinable
    public static func == (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds == right.nanoseconds
    }

    @inlinable
    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(nanoseconds) }

    /// A sum that does not fit is the distant future or past.
    @inlinable
    public static func + (left: MonotonicTime, right: TimeSpan) -> MonotonicTime {
        let sum = TimeSpan(nanoseconds: left.nanoseconds) + right
        return MonotonicTime(nanoseconds: sum.nanoseconds)
    }

    /// A difference that does not fit is the distant future or past.
    @inlinable
    public static func - (left: MonotonicTime, right: TimeSpan) -> MonotonicTime {
        let rest = TimeSpan(nanoseconds: left.nanoseconds) - right
        return MonotonicTime(nanoseconds: rest.nanoseconds)
    }

    /// The time from `right` to `left`; negative if `right` is later.
    @inlinable
    public static func - (left: MonotonicTime, right: MonotonicTime) -> TimeSpan {
        TimeSpan(nanoseconds: left.nanoseconds) - TimeSpan(nanoseconds: right.nanoseconds)
    }
}

extension MonotonicTime: CustomStringConvertible {
    /// In milliseconds.
    public var description: String { "\(TimeSpan(nanoseconds: nanoseconds))" }
}
