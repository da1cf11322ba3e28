internal import CCRC32C
internal import EtcdAPI

/// Reads the records of consecutive segments and refuses everything that was not written so.
///
/// What it guarantees: data is handed out only after its checksum, which runs over all records
/// since the first segment read, agreed. An interrupted last write is told from damage:
/// - A frame length of zero ends a segment: the space behind it was never used.
/// - A record that reaches past the end of the last segment, or lacks one whole sector there, was
///   interrupted (`unexpectedEnd`). Sectors are written whole or not at all, and unused space is
///   zero; etcd judges the same way.
/// - All else is damage. The length field is not under the checksum, so before its word is taken
///   for the end of the log the decoder looks whether an intact record follows it after all.
/// - The kind of a record is not under the checksum either; the order within a segment (checksum,
///   metadata, then neither) and the shape of the data are checked in its place.
struct LogDecoder: ~Copyable {
    /// A record that was read and found right; its data is good until the next one is read.
    struct Record {
        let kind: LogRecordKind
        let data: UnsafeRawBufferPointer
        let segment: String
        let offsetBytes: Int
    }

    private let segments: [SegmentReader]
    private var current = 0
    private var recordsInSegment = 0

    /// End of the last intact record in the segment that is being read.
    private(set) var offset = 0

    /// The running checksum; nil before the first segment told its start.
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
            // A word at the end of a sector may be missing alone, all others come with what
            // follows them.
            let mayBeAlone = (offset + LogFrame.sizeBytes) % Self.sectorBytes == 0
            if !mayBeAlone, try isIntactRecordBehindLength(of: 0) { throw damaged("its length") }
            return nil
        }
        guard let frame = LogFrame(field: UInt64(littleEndian: field)) else {
            throw damaged("its length")
        }
        if frame.bodyBytes > remaining - LogFrame.sizeBytes {
            if try isIntactRecordBehindLength(of: frame.recordBytes) { throw damaged("its length") }
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
        if isMisplaced { throw damaged("block type \(head.kind) in this place") }
        try check(kind, head, frame, body)
        let record = Record(
            kind: kind, data: head.data, segment: segment.name, offsetBytes: offset)
        offset += LogFrame.sizeBytes + frame.bodyBytes
        recordsInSegment += 1
        return record
    }

    /// Takes the record into the running checksum and compares.
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

// MARK: - Judging what is wrong

extension LogDecoder {
    private static var sectorBytes: Int { 512 }

    private func bytes(_ count: Int, after distance: Int) throws(LogError) -> UnsafeRawBufferPointer
    {
        let bytes = try segment.bytes(at: offset + distance, count: count)
        // The size was asked before; only a file that somebody cuts meanwhile has fewer.
        if bytes.count < count { throw unexpectedEnd() }
        return bytes
    }

    /// Throws `unexpectedEnd` when a whole sector of the last segment's record is missing and the
    /// length is not what is wrong.
    private func throwIfTorn(
        _ frame: LogFrame, _ body: UnsafeRawBufferPointer
    ) throws(LogError) {
        guard isLast, lacksSector(body) else { return }
        if try isIntactRecordBehindLength(of: frame.recordBytes) { throw damaged("its length") }
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

    /// Whether the bytes behind the length field are a record whose own fields tell another length
    /// than `framedBytes` and whose checksum is right: then the length field is damaged, and nothing
    /// was interrupted.
    private func isIntactRecordBehindLength(of framedBytes: Int) throws(LogError) -> Bool {
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
