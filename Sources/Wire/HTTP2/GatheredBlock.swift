/// A header block of several frames while it comes, without the frames.
struct GatheredBlock {
    private let first: FrameHead
    private var bytes: [UInt8] = []
    /// What is missing of the frame that is being read.
    private(set) var missingBytes: Int
    var isFrameUnfinished: Bool { missingBytes > 0 }
    /// Whether the frame that is being read is the last one.
    private(set) var isWhole = false
    private(set) var frames = 1
    /// Bytes of all frames, the one that is being read included.
    private(set) var bytesSum: Int
    private var isMalformed = false

    init(_ first: FrameHead) {
        self.first = first
        missingBytes = first.payloadBytes
        bytesSum = first.payloadBytes
    }

    func isContinued(by frame: FrameHead) -> Bool {
        frame.type == FrameHead.continuationType && frame.stream == first.stream
            && frame.payloadBytes <= HeaderBlockPassage.frameBytes
    }

    /// Begins the next frame.
    mutating func add(_ frame: FrameHead) {
        frames += 1
        missingBytes = frame.payloadBytes
        bytesSum += frame.payloadBytes
        isWhole = frame.endsHeaders
    }

    mutating func append(_ piece: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: piece)
        missingBytes -= piece.count
    }

    /// Ends a frame; the first one loses its padding and its priority.
    mutating func endFrame() {
        if frames == 1 { stripFirst() }
    }

    private mutating func stripFirst() {
        var padding = 0
        var front = 0
        if first.flags & FrameHead.paddedFlag != 0, let count = bytes.first {
            padding = Int(count)
            front = 1
        }
        if first.flags & FrameHead.priorityFlag != 0 { front += 5 }
        guard front + padding <= bytes.count else {
            isMalformed = true
            return
        }
        bytes.removeLast(padding)
        bytes.removeFirst(front)
    }

    /// Shortens what nghttp2 would not take.
    mutating func shorten() {
        if let shorter = HeaderBlockShortening.shortened(bytes) { bytes = shorter }
    }

    /// Hands on the block in frames of `frameBytes`; a malformed one as a frame that is refused.
    func write(
        isWhole: Bool, _ frameBytes: Int, to session: (UnsafeRawBufferPointer) -> Void
    ) {
        // A HEADERS frame on the connection itself is an error of the protocol.
        let stream = isMalformed ? 0 : first.stream
        var start = 0
        repeat {
            let end = min(start + frameBytes, bytes.count)
            var flags: UInt8 = isWhole && end == bytes.count ? FrameHead.endHeadersFlag : 0
            if start == 0 { flags |= first.flags & FrameHead.endStreamFlag }
            let type = start == 0 ? FrameHead.headersType : FrameHead.continuationType
            var frame = Self.head(end - start, type, flags, stream)
            frame.append(contentsOf: bytes[start..<end])
            frame.withUnsafeBytes(session)
            start = end
        } while start < bytes.count
    }

    private static func head(
        _ count: Int, _ type: UInt8, _ flags: UInt8, _ stream: UInt32
    ) -> [UInt8] {
        let length = [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) }
        return length + [type, flags]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) }
    }
}
