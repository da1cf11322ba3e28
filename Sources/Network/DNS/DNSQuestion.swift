/// A query to a name server (RFC 1035, section 4).
package struct DNSQuestion: Equatable, Sendable {
    /// Type of SRV records.
    static let serviceType: UInt16 = 33
    static let internetClass: UInt16 = 1
    private static let labelBytesMax = 63
    private static let nameBytesMax = 255

    package let id: UInt16
    /// Without a trailing dot.
    package let name: String

    /// nil for a name that cannot be encoded.
    package init?(id: UInt16, name: String) {
        let absolute = name.hasSuffix(".") ? String(name.dropLast()) : name
        let labels = absolute.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard !labels.isEmpty, absolute.utf8.count + 2 <= Self.nameBytesMax,
            labels.allSatisfy({ (1...Self.labelBytesMax).contains($0.count) })
        else { return nil }
        self.id = id
        self.name = absolute
    }

    /// The message that queries SRV records, with recursion desired.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for word in [id, 0x0100, 1, 0, 0, 0] { bytes.append(word: word) }
        for label in name.utf8.split(separator: UInt8(ascii: ".")) {
            bytes.append(UInt8(truncatingIfNeeded: label.count))
            bytes.append(contentsOf: label)
        }
        bytes.append(0)
        bytes.append(word: Self.serviceType)
        bytes.append(word: Self.internetClass)
        return bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(word: UInt16) {
        append(UInt8(truncatingIfNeeded: word >> 8))
        append(UInt8(truncatingIfNeeded: word))
    }
}
