import Identifiers

/// One version of a key, or its deletion, in 24 bytes.
///
/// Word 0: main revision (56 bits) and flags (8). Word 1: creation revision (56) and the high
/// part of the version (8). Word 2: the low part of the version (32) and the sub revision (32).
/// A tombstone has no creation revision and version 0.
struct PackedRecord: Equatable {
    /// Bytes of one record.
    static let sizeBytes = 24
    /// Highest main revision that can be packed; at a million writes a second it lasts 2,000 years.
    static let mainMax = Revision(1 << 56 - 1)
    private static let subMax = Int64(UInt32.max)
    private static let versionMax = Int64(1) << 40 - 1
    private static let tombstoneFlag: UInt64 = 1

    private var word0: UInt64
    private var word1: UInt64
    private var word2: UInt64

    /// Whether a version can be packed.
    static func holds(_ record: KeyRecord) -> Bool {
        (.zero...mainMax).contains(record.modified.main)
            && (0...subMax).contains(record.modified.sub)
            && (.zero...mainMax).contains(record.created.main)
            && (0...versionMax).contains(record.version)
    }

    /// Packs a live version.
    init(_ record: KeyRecord) {
        precondition(record.version <= Self.versionMax, "a key's version fits in 40 bits")
        let version = UInt64(record.version)
        word0 = Self.packMain(record.modified.main)
        word1 = Self.packMain(record.created.main) | version >> 32
        word2 = version << 32 | Self.packSub(record.modified.sub)
    }

    /// Packs a deletion.
    init(tombstoneAt revision: RevisionPair) {
        word0 = Self.packMain(revision.main) | Self.tombstoneFlag
        word1 = 0
        word2 = Self.packSub(revision.sub)
    }

    /// Reads a record from memory of any alignment.
    @inline(__always)
    init(loadingFrom source: UnsafeRawPointer) {
        word0 = source.loadUnaligned(as: UInt64.self)
        word1 = source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        word2 = source.loadUnaligned(fromByteOffset: 16, as: UInt64.self)
    }

    /// Writes the record to memory of any alignment.
    @inline(__always)
    func store(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: word0, as: UInt64.self)
        destination.storeBytes(of: word1, toByteOffset: 8, as: UInt64.self)
        destination.storeBytes(of: word2, toByteOffset: 16, as: UInt64.self)
    }

    /// The main revision of a record in memory.
    @inline(__always)
    static func main(at source: UnsafeRawPointer) -> Revision {
        Revision(Int64(bitPattern: source.loadUnaligned(as: UInt64.self) >> 8))
    }

    /// Whether the record in memory is a deletion.
    @inline(__always)
    static func isTombstone(at source: UnsafeRawPointer) -> Bool {
        source.loadUnaligned(as: UInt8.self) & UInt8(tombstoneFlag) != 0
    }

    /// The main revision of the change.
    var main: Revision { Revision(Int64(bitPattern: word0 >> 8)) }

    /// The revision of the change.
    var modified: RevisionPair {
        RevisionPair(main: main, sub: Int64(word2 & 0xFFFF_FFFF))
    }

    /// Whether the change is a deletion.
    var isTombstone: Bool { word0 & Self.tombstoneFlag != 0 }

    /// The version; meaningless for a tombstone.
    var record: KeyRecord {
        KeyRecord(
            modified: modified,
            created: RevisionPair(main: Revision(Int64(bitPattern: word1 >> 8))),
            version: Int64(bitPattern: (word1 & 0xFF) << 32 | word2 >> 32))
    }

    private static func packMain(_ main: Revision) -> UInt64 {
        precondition(main >= .zero && main <= mainMax, "a main revision fits in 56 bits")
        return UInt64(bitPattern: main.rawValue) << 8
    }

    private static func packSub(_ sub: Int64) -> UInt64 {
        precondition(sub >= 0 && sub <= subMax, "a sub revision fits in 32 bits")
        return UInt64(bitPattern: sub)
    }
}
