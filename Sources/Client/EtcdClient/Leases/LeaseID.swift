/// ID of a lease: never zero, which means no lease on the wire.
public struct LeaseID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) { self.rawValue = rawValue }

    /// nil for zero.
    init?(_ wire: Int64) {
        guard wire != 0 else { return nil }
        rawValue = wire
    }

    public static func < (left: LeaseID, right: LeaseID) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Sixteen hexadecimal digits, as etcdctl prints it.
    public var description: String {
        let digits = String(UInt64(bitPattern: rawValue), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
