internal import CCRC32C
internal import EtcdAPI

/// Reads the records of consecutive segments and rejects everything that no writer produces.
///
/// Guarantees: data is returned only after verification of its checksum, which runs over all
/// records since the first segment read. An interrupted last write is distinguished from damage:
/// - A frame length of zero ends a segment: the space after it was never used.
/// - A record that extends past the end of the last segment, or lacks one whole sector there, was
///   interrupted (`unexpectedEnd`). Sectors are written completely or not at all, and unused space
///   is zero; etcd uses the same rule.
/// - Everything else is damage. The length field is not covered by the checksum, so before it is
///   taken for the end of the log the decoder checks whether an intact record follows it.
/// - The kind of a record is not covered by the checksum either; instead the order within a segment
///   (checksum, metadata, then neither) and the form of the data are checked.
struct LogDecoder: ~Copyable {
    /// A verified record; its data is valid until the next one is read.
    struct Record {
        let kind: LogRecordKind
        let data: UnsafeRawBufferPointer
        let segment: String
        let offsetBytes: Int
    }

    private let segments: [SegmentReader]
    private var current = 0
    private var recordsInSegment = 0

    /// End of the last intact record in the current segment.
    private(set) var offset = 0

    /// The running checksum; nil before the first segment's checksum record.
    private(set) var checksum: UInt32?

    init(_ segments: [SegmentReader]) {
        self.segments = segments
    }

    /// The next record; nil at the end of the log.
    mutating func next() throws(LogError) -> Record? {
        while current < segments.count {
            if let record = try nextInSegment() { return record }
            if recordsInSegment < 2 { throw damaged("a segment without a head") }
            if isLast { return nil }
            current += 1
            offset = 0
            recordsInSegment = 0
        }
        return nil
    }

    private var segment: SegmentReader { segments[current] }
    private var isLast: Bool { current == segments.count - 1 }

    private mutating func nextInSegment() throws(LogError) -> Record? {
        let remaining = segment.sizeBytes - offset
        if remaining == 0 { return nil }
        if remaining < LogFrame.sizeBytes { throw unexpectedEnd() }
        let field = try bytes(LogFrame.sizeBytes, after: 0).loadUnaligned(as: UInt64.self)
        if field == 0 {
            // Only a word at the end of a sector may be missing alone; all others are in a sector
            // with data after them.
            let mayBeAlone = (offset + LogFrame.sizeBytes) % Self.sectorBytes == 0
            if !mayBeAlone, try hasIntactRecordDespiteLength(of: 0) { throw damaged("its length") }
            return nil
        }
        guard let frame = LogFrame(field: UInt64(littleEndian: field)) else {
            throw damaged("its length")
        }
        if frame.bodyBytes > remaining - LogFrame.sizeBytes {
            if try hasIntactRecordDespiteLength(of: frame.recordBytes) {
                throw damaged("its length")
            }
            throw unexpectedEnd()
        }
        return try record(frame)
    }

    private mutating func record(_ frame: LogFrame) throws(LogError) -> Record {
        let body = try bytes(frame.bodyBytes, after: LogFrame.sizeBytes)
        let head = RecordHead(UnsafeRawBufferPointer(rebasing: body[..<frame.recordBytes]))
        let padding = UnsafeRawBufferPointer(rebasing: body[frame.recordBytes...])
        guard let head, head.recordBytes == frame.recordBytes, padding.isZero else {
            try throwIfTorn(frame, body)
            throw damaged("its fields")
        }
        guard let kind = LogRecordKind(rawValue: head.kind) else {
            throw damaged("unexpected block type \(head.kind)")
        }
        let isMisplaced =
            (kind == .checksum) != (recordsInSegment == 0)
            || (kind == .metadata) != (recordsInSegment == 1)
        if isMisplaced { throw damaged("block type \(head.kind) at this position") }
        try check(kind, head, frame, body)
        let record = Record(
            kind: kind, data: head.data, segment: segment.name, offsetBytes: offset)
        offset += LogFrame.sizeBytes + frame.bodyBytes
        recordsInSegment += 1
        return record
    }

    /// Updates the running checksum with the record and compares.
    private mutating func check(
        _ kind: LogRecordKind, _ head: RecordHead, _ frame: LogFrame,
        _ body: UnsafeRawBufferPointer
    ) throws(LogError) {
        if kind == .checksum {
            if let checksum, checksum != head.checksum {
                throw mismatch(expected: head.checksum, computed: checksum)
            }
            if !head.data.isEmpty { throw damaged("a checksum record with data") }
            checksum = head.checksum
            return
        }
        let computed = crc32c_update(checksum ?? 0, head.data.baseAddress, head.data.count)
        if computed != head.checksum {
            try throwIfTorn(frame, body)
            throw mismatch(expected: head.checksum, computed: computed)
        }
        checksum = computed
    }
}

// MARK: - Classification of damage

extension LogDecoder {
    private static var sectorBytes: Int { 512 }

    private func bytes(_ count: Int, after distance: Int) throws(LogError) -> UnsafeRawBufferPointer
    {
        let bytes = try segment.bytes(at: offset + distance, count: count)
        // The size was checked before; only a file that is truncated meanwhile has fewer.
        if bytes.count < count { throw unexpectedEnd() }
        return bytes
    }

    /// Throws `unexpectedEnd` when a whole sector of the last segment's record is missing and the
    /// length is not the damaged part.
    private func throwIfTorn(
        _ frame: LogFrame, _ body: UnsafeRawBufferPointer
    ) throws(LogError) {
        guard isLast, lacksSector(body) else { return }
        if try hasIntactRecordDespiteLength(of: frame.recordBytes) { throw damaged("its length") }
        throw unexpectedEnd()
    }

    private func lacksSector(_ body: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < body.count {
            let fileOffset = offset + LogFrame.sizeBytes + start
            let length = min(
                Self.sectorBytes - fileOffset % Self.sectorBytes, body.count - start)
            if UnsafeRawBufferPointer(rebasing: body[start..<start + length]).isZero {
                return true
            }
            start += length
        }
        return false
    }

    /// Whether the bytes after the length field are a record whose own fields give another length
    /// than `framedBytes` and whose checksum is correct: then the length field is damaged, and the
    /// write was not interrupted.
    private func hasIntactRecordDespiteLength(of framedBytes: Int) throws(LogError) -> Bool {
        let start = offset + LogFrame.sizeBytes
        let available = segment.sizeBytes - start
        let first = try segment.bytes(at: start, count: min(available, 64))
        guard let length = RecordHead.recordBytes(beginning: first), length <= available,
            length != framedBytes
        else { return false }
        let whole = try segment.bytes(at: start, count: length)
        guard let head = RecordHead(whole) else { return false }
        if head.kind == LogRecordKind.checksum.rawValue { return true }
        let computed = crc32c_update(checksum ?? 0, head.data.baseAddress, head.data.count)
        return computed == head.checksum
    }

    private func unexpectedEnd() -> LogError {
        if !isLast { return damaged("it ends before the segment does") }
        return .unexpectedEnd(segment: segment.name, offsetBytes: offset)
    }

    private func damaged(_ reason: String) -> LogError {
        .malformedRecord(segment: segment.name, offsetBytes: offset, reason: reason)
    }

    private func mismatch(expected: UInt32, computed: UInt32) -> LogError {
        .checksumMismatch(
            expected: expected, computed: computed, segment: segment.name, offsetBytes: offset)
    }
}
