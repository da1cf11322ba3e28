/// A revision of the store, etcd's main revision: counts the write transactions that changed
/// something. A new store is at revision 1. On the wire 0 and -1 mean that no revision is given.
public struct Revision: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: Int64

    @inlinable
    public init(rawValue: Int64) { self.rawValue = rawValue }

    @inlinable
    public init(_ value: Int64) { rawValue = value }

    /// Before the first revision. In a request it means the newest one.
    @inlinable
    public static var zero: Revision { Revision(0) }

    /// At or above every revision.
    @inlinable
    public static var max: Revision { Revision(Int64.max) }

    /// The revision after this one.
    @inlinable
    public var next: Revision { Revision(rawValue + 1) }

    /// The revision before this one.
    @inlinable
    public var previous: Revision { Revision(rawValue - 1) }

    @inlinable
    public static func == (left: Revision, right: Revision) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable
    public static func < (left: Revision, right: Revision) -> Bool {
        left.rawValue < right.rawValue
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }

    @inlinable
    public static func + (left: Revision, right: Int) -> Revision {
        Revision(left.rawValue + Int64(right))
    }

    @inlinable
    public static func - (left: Revision, right: Int) -> Revision {
        Revision(left.rawValue - Int64(right))
    }

    /// Distance from `right` to `left`, negative if `right` is greater.
    @inlinable
    public static func - (left: Revision, right: Revision) -> Int {
        Int(left.rawValue - right.rawValue)
    }
}

extension Revision: ExpressibleByIntegerLiteral {
    @inlinable
    public init(integerLiteral value: Int64) { rawValue = value }
}

extension Revision: CustomStringConvertible {
    @inlinable
    public var description: String { String(rawValue) }
}
