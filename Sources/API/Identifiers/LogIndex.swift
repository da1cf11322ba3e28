/// The index of an entry in the log, counted from 1. Zero is before the first entry.
public struct LogIndex: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    public init(_ value: UInt64) { rawValue = value }

    /// The index before the first entry.
    @inlinable
    public static var zero: LogIndex { LogIndex(0) }

    /// Greater than the index of every entry.
    @inlinable
    public static var max: LogIndex { LogIndex(UInt64.max) }

    /// Above every index that a member accepts from a peer or from its disk, so that sums of indexes
    /// cannot overflow.
    @inlinable
    public static var limit: LogIndex { LogIndex(1 << 62) }

    /// The index after this one.
    @inlinable
    public var next: LogIndex { LogIndex(rawValue + 1) }

    /// The index before this one; zero stays zero.
    @inlinable
    public var previous: LogIndex { LogIndex(rawValue == 0 ? 0 : rawValue - 1) }

    @inlinable
    public static func == (left: LogIndex, right: LogIndex) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable
    public static func < (left: LogIndex, right: LogIndex) -> Bool {
        left.rawValue < right.rawValue
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

    @inlinable
    public static func + (left: LogIndex, right: Int) -> LogIndex {
        LogIndex(left.rawValue + UInt64(right))
    }

    /// Distance from `right` to `left`, negative if `right` is greater.
    @inlinable
    public static func - (left: LogIndex, right: LogIndex) -> Int {
        Int(left.rawValue) - Int(right.rawValue)
    }
}

extension LogIndex: ExpressibleByIntegerLiteral {
    @inlinable
    public init(integerLiteral value: UInt64) { rawValue = value }
}

extension LogIndex: CustomStringConvertible {
    @inlinable
    public var description: String { String(rawValue) }
}
