/// A header block of several frames while it is received, without the frame headers.
struct HeaderBlockBuffer {
    private let first: FrameHeader
    private var bytes: [UInt8] = []
    /// Missing bytes of the current frame.
    private(set) var missingBytes: Int
    /// Memory of the received bytes.
    var sizeBytes: Int { bytes.capacity }
    var isFrameUnfinished: Bool { missingBytes > 0 }
    /// Whether the current frame is the last one.
    private(set) var isWhole = false
    private(set) var frames = 1
    /// Payload bytes of all frames including the current one.
    private(set) var bytesSum: Int
    private var isMalformed = false

    init(_ first: FrameHeader) {
        self.first = first
        missingBytes = first.payloadBytes
        bytesSum = first.payloadBytes
    }

    func isContinued(by frame: FrameHeader) -> Bool {
        frame.type == FrameHeader.continuationType && frame.stream == first.stream
            && frame.payloadBytes <= HeaderBlockFilter.frameBytes
    }

    /// Starts the next frame.
    mutating func add(_ frame: FrameHeader) {
        frames += 1
        missingBytes = frame.payloadBytes
        bytesSum += frame.payloadBytes
        isWhole = frame.endsHeaders
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: piece)
        missingBytes -= piece.count
    }

    /// Ends a frame; padding and priority of the first one are removed.
    mutating func endFrame() {
        if frames == 1 { stripFirst() }
    }

    private mutating func stripFirst() {
        var padding = 0
        var front = 0
        if first.flags & FrameHeader.paddedFlag != 0, let count = bytes.first {
            padding = Int(count)
            front = 1
        }
        if first.flags & FrameHeader.priorityFlag != 0 { front += 5 }
        guard front + padding <= bytes.count else {
            isMalformed = true
            return
        }
        bytes.removeLast(padding)
        bytes.removeFirst(front)
    }

    /// Shortens strings that are too long for nghttp2.
    mutating func shorten() {
        if let shorter = HeaderBlockShortening.shortened(bytes) { bytes = shorter }
    }

    /// Outputs the block in frames of `frameBytes`; a malformed block as an invalid frame.
    func write(
        isWhole: Bool, _ frameBytes: Int, to output: (UnsafeRawBufferPointer) -> Void
    ) {
        // A HEADERS frame on stream 0 is a protocol error.
        let stream = isMalformed ? 0 : first.stream
        var start = 0
        repeat {
            let end = min(start + frameBytes, bytes.count)
            var flags: UInt8 = isWhole && end == bytes.count ? FrameHeader.endHeadersFlag : 0
            if start == 0 { flags |= first.flags & FrameHeader.endStreamFlag }
            let type = start == 0 ? FrameHeader.headersType : FrameHeader.continuationType
            var frame = Self.frameHeader(end - start, type, flags, stream)
            frame.append(contentsOf: bytes[start..<end])
            frame.withUnsafeBytes(output)
            start = end
        } while start < bytes.count
    }

    private static func frameHeader(
        _ count: Int, _ type: UInt8, _ flags: UInt8, _ stream: UInt32
    ) -> [UInt8] {
        let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
        return length + [type, flags]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) }
    }
}
