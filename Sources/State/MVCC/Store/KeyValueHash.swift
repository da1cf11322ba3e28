internal import CCRC32C
package import Identifiers

/// A checksum of the records up to a revision, compared between members.
package struct KeyValueHash: Equatable, Sendable {
    /// CRC-32C; see `HashJob` for what it covers.
    package var hash: UInt32
    /// The compaction that the hash took into account; -1 for none.
    package var compactRevision: Revision
    /// The last revision hashed.
    package var revision: Revision
}

/// A running CRC-32C over keys and values.
struct RecordHash {
    private(set) var value: UInt32 = 0

    /// Starts with the name of a bucket.
    init(bucket name: [UInt8]) {
        name.withUnsafeBytes { bytes in add(bytes) }
    }

    init() {}

    @inline(__always)
    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        value = crc32c_update(value, bytes.baseAddress, bytes.count)
    }
}
