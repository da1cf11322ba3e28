/// Identity of a member: 64 bits that never belong to another member again.
package struct MemberID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: MemberID, right: MemberID) -> Bool {
        left.rawValue < right.rawValue
    }

    /// Lower-case hexadecimal without padding, as in logs, URLs and bucket `members`.
    package var description: String { String(rawValue, radix: 16) }

    /// Reads the form of `description`; nil for anything else.
    package init?(hexadecimal text: some StringProtocol) {
        guard let value = UInt64(text, radix: 16), text.first != "+" else { return nil }
        rawValue = value
    }
}

/// Identity of a cluster, derived from its founding members.
package struct ClusterID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package var description: String { String(rawValue, radix: 16) }
}
