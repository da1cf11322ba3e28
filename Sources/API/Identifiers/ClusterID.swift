/// ID of a cluster, derived from its initial members.
public struct ClusterID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public var rawValue: UInt64

    @inlinable
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    @inlinable
    public init(_ value: UInt64) { rawValue = value }

    /// Lowercase hexadecimal without padding.
    @inlinable
    public var description: String { String(rawValue, radix: 16) }
}
