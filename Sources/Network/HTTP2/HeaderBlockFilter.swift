/// Filters the bytes from a client before the session: all pass unchanged, except header blocks of
/// more than one frame.
///
/// nghttp2 fails the whole connection for a name or value of more than 64 KiB, which gRPC servers
/// accept. Therefore such a block is buffered until it is complete, its long strings are shortened
/// (`HeaderBlockShortening`), and it is output in new frames. A block of one frame, the usual case,
/// cannot have such strings; only its frame header is read.
///
/// Invariants: bytes pass in order; at most one block of at most `bytesMax` is buffered.
package struct HeaderBlockFilter {
    private static let frameHeaderBytes = 9
    /// The maximum frame size, as announced by default.
    static let frameBytes = 16_384
    private static let prefaceBytes = 24

    private let bytesMax: Int
    private let framesMax: Int
    /// Whether a block was too long: nothing passes any more.
    private(set) var isOverLimit = false
    /// Bytes that pass before the next frame header: the rest of the preface or of a payload.
    private var passthroughBytes = prefaceBytes
    /// A partially received frame header.
    private var header: [UInt8] = []
    private var buffered: HeaderBlockBuffer?
    /// Received control frames since the last call of `takeControlFrames`, by their cost.
    private var controlFrames = 0

    /// - Parameter framesMax: frames of one block, empty ones included.
    package init(bytesMax: Int, framesMax: Int) {
        self.bytesMax = bytesMax
        self.framesMax = framesMax
    }

    /// Bytes of an incomplete header block.
    var bufferedBytes: Int { buffered?.sizeBytes ?? 0 }

    /// The control frames received since the last call.
    mutating func takeControlFrames() -> Int {
        defer { controlFrames = 0 }
        return controlFrames
    }

    /// Passes received bytes to `output`, in one or several pieces.
    package mutating func filter(
        _ bytes: UnsafeRawBufferPointer, to output: (UnsafeRawBufferPointer) -> Void
    ) {
        var start = 0
        var offset = 0
        while !isOverLimit, offset < bytes.count {
            if buffered?.isFrameUnfinished == true {
                offset += buffer(UnsafeRawBufferPointer(rebasing: bytes[offset...]), to: output)
                start = offset
            } else if passthroughBytes > 0 {
                let count = min(passthroughBytes, bytes.count - offset)
                passthroughBytes -= count
                offset += count
            } else {
                readHeader(bytes, &start, &offset, output)
            }
        }
        guard !isOverLimit, start < offset else { return }
        output(UnsafeRawBufferPointer(rebasing: bytes[start..<offset]))
    }

    /// Reads a frame header at `offset`. The bytes of `start..<offset` are not output yet.
    private mutating func readHeader(
        _ bytes: UnsafeRawBufferPointer, _ start: inout Int, _ offset: inout Int,
        _ output: (UnsafeRawBufferPointer) -> Void
    ) {
        if header.isEmpty, bytes.count - offset >= Self.frameHeaderBytes, buffered == nil,
            let frame = Self.plainFrame(
                UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + Self.frameHeaderBytes]))
        {
            offset += Self.frameHeaderBytes
            passthroughBytes = frame.payloadBytes
            controlFrames += frame.controlCost
            return
        }
        if start < offset { output(UnsafeRawBufferPointer(rebasing: bytes[start..<offset])) }
        let count = min(Self.frameHeaderBytes - header.count, bytes.count - offset)
        header.append(contentsOf: bytes[offset..<offset + count])
        offset += count
        start = offset
        if header.count == Self.frameHeaderBytes { startFrame(output) }
    }

    /// A frame that passes unchanged; nil for the first frame of a longer block.
    private static func plainFrame(_ header: UnsafeRawBufferPointer) -> FrameHeader? {
        let frame = FrameHeader(header)
        return frame.beginsLongBlock ? nil : frame
    }

    private mutating func startFrame(_ output: (UnsafeRawBufferPointer) -> Void) {
        let frame = header.withUnsafeBytes { FrameHeader($0) }
        controlFrames += frame.controlCost
        if var block = buffered, block.isContinued(by: frame) {
            block.add(frame)
            buffered = block
            isOverLimit = block.frames > framesMax || block.bytesSum > bytesMax
            if isOverLimit { return buffered = nil }
            if frame.payloadBytes == 0 { endFrame(output) }
        } else if buffered == nil, frame.beginsLongBlock {
            buffered = HeaderBlockBuffer(frame)
            if frame.payloadBytes == 0 { endFrame(output) }
        } else {
            // Any other frame inside a block is an error, which the session detects.
            if let block = buffered { block.write(isWhole: false, Self.frameBytes, to: output) }
            buffered = nil
            passthroughBytes = frame.payloadBytes
            header.withUnsafeBytes(output)
        }
        header.removeAll(keepingCapacity: true)
    }

    private mutating func buffer(
        _ bytes: UnsafeRawBufferPointer, to output: (UnsafeRawBufferPointer) -> Void
    ) -> Int {
        guard var block = buffered else { return 0 }
        buffered = nil
        let count = min(block.missingBytes, bytes.count)
        block.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        let isFrameWhole = block.missingBytes == 0
        buffered = block
        if isFrameWhole { endFrame(output) }
        return count
    }

    private mutating func endFrame(_ output: (UnsafeRawBufferPointer) -> Void) {
        guard var block = buffered else { return }
        buffered = nil
        guard block.isWhole else {
            block.endFrame()
            buffered = block
            return
        }
        block.endFrame()
        block.shorten()
        block.write(isWhole: true, Self.frameBytes, to: output)
    }
}

/// A frame header (RFC 9113 section 4.1).
struct FrameHeader {
    static let dataType: UInt8 = 0
    static let headersType: UInt8 = 1
    static let resetType: UInt8 = 3
    static let settingsType: UInt8 = 4
    static let continuationType: UInt8 = 9
    static let acknowledgementFlag: UInt8 = 1
    static let endHeadersFlag: UInt8 = 4
    static let endStreamFlag: UInt8 = 1
    static let paddedFlag: UInt8 = 8
    static let priorityFlag: UInt8 = 32

    let payloadBytes: Int
    let type: UInt8
    let flags: UInt8
    let stream: UInt32

    init(_ bytes: UnsafeRawBufferPointer) {
        payloadBytes = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        type = bytes[3]
        flags = bytes[4]
        stream = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 5, as: UInt32.self))
    }

    /// Settings count more: a new window size changes every open stream.
    private static let settingsCost = 100

    /// How much the frame takes from the allowance for control frames. Resets are counted when
    /// their stream closes.
    var controlCost: Int {
        switch type {
        case Self.headersType, Self.resetType: 0
        case Self.dataType: payloadBytes == 0 && flags & Self.endStreamFlag == 0 ? 1 : 0
        case Self.settingsType: flags & Self.acknowledgementFlag == 0 ? Self.settingsCost : 1
        default: 1
        }
    }

    var endsHeaders: Bool { flags & Self.endHeadersFlag != 0 }
    /// Whether more frames of the block follow. A frame that is too long is left to the session.
    var beginsLongBlock: Bool {
        type == Self.headersType && !endsHeaders && payloadBytes <= HeaderBlockFilter.frameBytes
    }
}
