// The types of this module are public, and their members inlinable, although only this package uses
// them: the compiler does not inline or specialize `package` declarations in other modules, and
// these are compared and hashed everywhere.

/// A term (Raft paper, section 5.1). Zero is before the first election.
public struct Term: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    public init(_ value: UInt64) { rawValue = value }

    /// The term before the first election.
    @inlinable
    public static var zero: Term { Term(0) }

    /// Above every term that a member accepts from a peer or from its disk.
    @inlinable
    public static var limit: Term { Term(1 << 62) }

    /// The term that follows this one.
    @inlinable
    public var next: Term { Term(rawValue + 1) }

    @inlinable
    public static func == (left: Term, right: Term) -> Bool { left.rawValue == right.rawValue }

    @inlinable
    public static func < (left: Term, right: Term) -> Bool { left.rawValue < right.rawValue }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension Term: ExpressibleByIntegerLiteral {
    @inlinable
    public init(integerLiteral value: UInt64) { rawValue = value }
}

extension Term: CustomStringConvertible {
    @inlinable
    public var description: String { String(rawValue) }
}
