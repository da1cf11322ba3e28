/// The content of a meta page: the roots of one committed state.
///
/// A file has two; a commit writes the one selected by its number, so that the other still
/// describes the previous state if the write is torn.
struct MetaRecord: Equatable, Sendable {
    static let magic: UInt32 = 0xED0C_DAED
    static let version: UInt32 = 2
    /// Offset of the record in its page, and bytes covered by the checksum that follows them.
    private static let start = PageLayout.headerBytes
    private static let checkedBytes = 56
    /// Bytes from the page's start that a record needs.
    static let extentBytes = start + checkedBytes + 8

    var pageSizeBytes: Int
    var root: PageID
    var sequence: UInt64
    var freelist: PageID
    /// First page number never used.
    var highWater: PageID
    var transaction: UInt64

    init(
        pageSizeBytes: Int, root: PageID, sequence: UInt64, freelist: PageID, highWater: PageID,
        transaction: UInt64
    ) {
        self.pageSizeBytes = pageSizeBytes
        self.root = root
        self.sequence = sequence
        self.freelist = freelist
        self.highWater = highWater
        self.transaction = transaction
    }

    /// Reads the record of the meta page at the buffer's start, nil unless it is valid.
    init?(page: UnsafeRawBufferPointer) {
        guard let base = page.baseAddress, page.count >= MetaRecord.extentBytes else { return nil }
        let record = base + MetaRecord.start
        let sum = record.loadLittle(at: MetaRecord.checkedBytes, as: UInt64.self)
        let size = Int(record.loadLittle(at: 8, as: UInt32.self))
        guard record.loadLittle(at: 0, as: UInt32.self) == MetaRecord.magic,
            record.loadLittle(at: 4, as: UInt32.self) == MetaRecord.version,
            sum == MetaRecord.checksum(record),
            BoltConfiguration.isValidPageSize(size)
        else { return nil }
        pageSizeBytes = size
        root = PageID(rawValue: record.loadLittle(at: 16, as: UInt64.self))
        sequence = record.loadLittle(at: 24, as: UInt64.self)
        freelist = PageID(rawValue: record.loadLittle(at: 32, as: UInt64.self))
        highWater = PageID(rawValue: record.loadLittle(at: 40, as: UInt64.self))
        transaction = record.loadLittle(at: 48, as: UInt64.self)
    }

    /// Writes the whole meta page `slot` (0 or 1) into `page`, which is one page long.
    func encode(slot: UInt64, into page: UnsafeMutableRawBufferPointer) {
        precondition(page.count >= MetaRecord.extentBytes, "a meta record fits its page")
        guard let base = page.baseAddress else { return }
        page.initializeMemory(as: UInt8.self, repeating: 0)
        base.storeLittle(slot, at: 0)
        base.storeLittle(PageLayout.metaFlag, at: 8)
        let record = base + MetaRecord.start
        record.storeLittle(MetaRecord.magic, at: 0)
        record.storeLittle(MetaRecord.version, at: 4)
        record.storeLittle(UInt32(pageSizeBytes), at: 8)
        record.storeLittle(root.rawValue, at: 16)
        record.storeLittle(sequence, at: 24)
        record.storeLittle(freelist.rawValue, at: 32)
        record.storeLittle(highWater.rawValue, at: 40)
        record.storeLittle(transaction, at: 48)
        record.storeLittle(
            MetaRecord.checksum(UnsafeRawPointer(record)), at: MetaRecord.checkedBytes)
    }

    /// FNV-1a, 64 bits.
    private static func checksum(_ record: UnsafeRawPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for offset in 0..<checkedBytes {
            hash ^= UInt64(record.load(fromByteOffset: offset, as: UInt8.self))
            hash &*= 0x100_0000_01B3
        }
        return hash
    }
}
