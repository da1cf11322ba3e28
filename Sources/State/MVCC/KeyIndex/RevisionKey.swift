import Identifiers

/// The key of one record in the `key` bucket: a revision, and whether it marks a deletion.
///
/// 17 bytes: main as big-endian u64, `_`, sub as big-endian u64; a tombstone appends `t` as an
/// 18th byte. Byte order is revision order.
package struct RevisionKey: Hashable, Sendable {
    /// Length of a plain revision key.
    package static let sizeBytes = 17
    /// Length of a tombstone's revision key.
    package static let tombstoneSizeBytes = 18

    private static let separator = UInt8(ascii: "_")
    private static let tombstoneMark = UInt8(ascii: "t")

    /// The revision and the change within it.
    package var revision: RevisionPair
    /// Whether the record is a deletion.
    package var isTombstone: Bool

    /// Makes the key of the record of `revision`.
    package init(_ revision: RevisionPair, isTombstone: Bool = false) {
        self.revision = revision
        self.isTombstone = isTombstone
    }

    /// Reads a stored key; nil when the bytes are not a revision key.
    ///
    /// An 18th byte other than `t` is accepted as a plain revision, as in etcd; negative numbers
    /// are rejected.
    package init?(decoding bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.sizeBytes || bytes.count == Self.tombstoneSizeBytes,
            bytes[8] == Self.separator
        else { return nil }
        let main = Int64(bitPattern: Self.bigEndian(bytes, at: 0))
        let sub = Int64(bitPattern: Self.bigEndian(bytes, at: 9))
        guard main >= 0, sub >= 0 else { return nil }
        revision = RevisionPair(main: Revision(main), sub: sub)
        isTombstone = bytes.count == Self.tombstoneSizeBytes && bytes[17] == Self.tombstoneMark
    }

    /// The stored form, 17 or 18 bytes.
    package var encoded: [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.tombstoneSizeBytes) { buffer, count in
            count = encode(into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Writes the stored form at the start of `buffer` (at least 18 bytes); returns its length.
    @discardableResult
    package func encode(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        precondition(
            buffer.count >= Self.tombstoneSizeBytes, "a revision key needs a buffer of 18 bytes")
        buffer.storeBytes(of: revision.main.rawValue.bigEndian, toByteOffset: 0, as: Int64.self)
        buffer[8] = Self.separator
        buffer.storeBytes(of: revision.sub.bigEndian, toByteOffset: 9, as: Int64.self)
        guard isTombstone else { return Self.sizeBytes }
        buffer[17] = Self.tombstoneMark
        return Self.tombstoneSizeBytes
    }

    private static func bigEndian(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
