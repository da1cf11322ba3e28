internal import CCRC32C
internal import EtcdAPI

/// Frames of records to be written to the file, encoded in place in reused memory.
///
/// Invariant: `checksum` is the running CRC-32C over the data of all records since the start of the
/// log, including those in the buffer.
struct LogRecordBuffer: ~Copyable {
    /// Page-aligned, as required by direct writes.
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private(set) var checksum: UInt32

    private static let alignmentBytes = 4096
    private static let capacityBytes = 256 << 10

    /// Tag and value of the kind, tag and up to five bytes of the checksum, tag of the data.
    private static let headBytesMax = 2 + 6 + 1

    init(checksum: UInt32) {
        self.checksum = checksum
        memory = .allocate(byteCount: Self.capacityBytes, alignment: Self.alignmentBytes)
    }

    deinit {
        memory.deallocate()
    }

    /// The frames since the last `removeAll`.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    /// Drops the frames, which are in the file now; frees exceptionally large memory.
    mutating func removeAll() {
        count = 0
        if memory.count > 16 * Self.capacityBytes {
            memory.deallocate()
            memory = .allocate(byteCount: Self.capacityBytes, alignment: Self.alignmentBytes)
        }
    }

    /// Appends a record whose data is `dataBytes` long and written by `body`.
    mutating func append(
        _ kind: LogRecordKind, dataBytes: Int, _ body: (inout WireWriter) -> Void
    ) {
        let lengthBytes = WireSize.varint(UInt64(dataBytes))
        reserve(LogFrame.sizeBytes + Self.headBytesMax + lengthBytes + dataBytes + 8)
        // The data is written first, after the longest possible head: the head contains its
        // checksum.
        let recordStart = count + LogFrame.sizeBytes
        let reservedStart = recordStart + Self.headBytesMax + lengthBytes
        let data = UnsafeMutableRawBufferPointer(
            rebasing: memory[reservedStart..<reservedStart + dataBytes])
        var writer = WireWriter(into: data)
        body(&writer)
        precondition(writer.count == dataBytes, "a record's data fills exactly its encoded size")
        checksum = crc32c_update(checksum, data.baseAddress, dataBytes)

        var head = headWriter(kind, at: recordStart)
        head.appendLength(dataBytes, field: 3)
        let dataStart = recordStart + head.count
        if dataStart < reservedStart {
            UnsafeMutableRawBufferPointer(rebasing: memory[dataStart..<dataStart + dataBytes])
                .copyMemory(from: UnsafeRawBufferPointer(data))
        }
        finishFrame(LogFrame(recordBytes: head.count + dataBytes))
    }

    /// Appends a record with the running checksum and without data.
    mutating func appendChecksum() {
        reserve(LogFrame.sizeBytes + Self.headBytesMax + 8)
        let head = headWriter(.checksum, at: count + LogFrame.sizeBytes)
        finishFrame(LogFrame(recordBytes: head.count))
    }

    /// Writes the fields that each record has.
    private func headWriter(_ kind: LogRecordKind, at offset: Int) -> WireWriter {
        var head = WireWriter(into: UnsafeMutableRawBufferPointer(rebasing: memory[offset...]))
        head.appendExplicitUInt64(kind.rawValue, field: 1)
        head.appendExplicitUInt64(UInt64(checksum), field: 2)
        return head
    }

    private mutating func finishFrame(_ frame: LogFrame) {
        memory.storeBytes(
            of: frame.field.littleEndian, toByteOffset: count, as: UInt64.self)
        let paddingStart = count + LogFrame.sizeBytes + frame.recordBytes
        for offset in paddingStart..<paddingStart + frame.paddingBytes { memory[offset] = 0 }
        count = paddingStart + frame.paddingBytes
    }

    private mutating func reserve(_ more: Int) {
        if count + more <= memory.count { return }
        let larger = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(memory.count * 2, count + more), alignment: Self.alignmentBytes)
        larger.copyMemory(from: bytes)
        memory.deallocate()
        memory = larger
    }
}
