/// ID of a member of the cluster, voter or learner: 64 bits that are never reused for another
/// member. Zero means none and is never a member's ID.
public struct MemberID: RawRepresentable, Hashable, Comparable, Sendable {
    public var rawValue: UInt64

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    public init(_ value: UInt64) { rawValue = value }

    /// The ID that means "no member" on the wire.
    @inlinable
    public static var none: MemberID { MemberID(0) }

    @inlinable
    public static func == (left: MemberID, right: MemberID) -> Bool {
        left.rawValue == right.rawValue
    }

    @inlinable
    public static func < (left: MemberID, right: MemberID) -> Bool {
        left.rawValue < right.rawValue
    }

    @inlinable
    public func hash(into hasher: inout Hasher) { hasher.combine(rawValue) }
}

extension MemberID: CustomStringConvertible {
    /// Lowercase hexadecimal without padding, as in logs, URLs and bucket `members`.
    @inlinable
    public var description: String { String(rawValue, radix: 16) }

    /// Parses hexadecimal digits without a sign, as Go's ParseUint does; nil for anything else.
    @inlinable
    public init?(hexadecimal text: some StringProtocol) {
        guard text.first != "+", text.first != "-", let value = UInt64(text, radix: 16) else {
            return nil
        }
        rawValue = value
    }
}
