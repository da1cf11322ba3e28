/// What a client sends on its way into the session: all of it as it is, but for header blocks of
/// more than one frame.
///
/// nghttp2 gives up the whole connection for a name or value of more than 64 KiB, which gRPC's
/// servers accept. So such a block is gathered until it is whole, its too long strings are
/// shortened (`HeaderBlockShortening`), and it goes on in frames of its own. A block of one frame,
/// as nearly all are, cannot have such strings and costs a look at its nine bytes of head.
///
/// Guarantees: bytes go on in order; at most one block, of at most `maximumBytes`, is held.
package struct HeaderBlockPassage {
    private static let headBytes = 9
    /// The longest frame that is taken, as we announce no other.
    static let frameBytes = 16_384
    private static let prefaceBytes = 24

    private let maximumBytes: Int
    private let maximumFrames: Int
    /// Whether a block was too long: nothing goes on any more.
    private(set) var isOverLimit = false
    /// Bytes that go on before the next frame's head begins: the rest of the preface or a payload.
    private var passingBytes = prefaceBytes
    /// A frame's head of which only a part has come.
    private var head: [UInt8] = []
    private var gathering: GatheredBlock?

    /// - Parameter maximumFrames: of one block, empty ones included.
    package init(maximumBytes: Int, maximumFrames: Int) {
        self.maximumBytes = maximumBytes
        self.maximumFrames = maximumFrames
    }

    /// Takes what was read and hands on what is for the session, in one piece or several.
    package mutating func pass(
        _ bytes: UnsafeRawBufferPointer, to session: (UnsafeRawBufferPointer) -> Void
    ) {
        var start = 0
        var place = 0
        while !isOverLimit, place < bytes.count {
            if gathering?.isFrameUnfinished == true {
                place += gather(UnsafeRawBufferPointer(rebasing: bytes[place...]), to: session)
                start = place
            } else if passingBytes > 0 {
                let count = min(passingBytes, bytes.count - place)
                passingBytes -= count
                place += count
            } else {
                readHead(bytes, &start, &place, session)
            }
        }
        guard !isOverLimit, start < place else { return }
        session(UnsafeRawBufferPointer(rebasing: bytes[start..<place]))
    }

    /// Reads a frame's head at `place`. What was passed before is `start..<place`.
    private mutating func readHead(
        _ bytes: UnsafeRawBufferPointer, _ start: inout Int, _ place: inout Int,
        _ session: (UnsafeRawBufferPointer) -> Void
    ) {
        if head.isEmpty, bytes.count - place >= Self.headBytes, gathering == nil,
            let payloadBytes = Self.payloadOfPlainFrame(
                UnsafeRawBufferPointer(rebasing: bytes[place..<place + Self.headBytes]))
        {
            place += Self.headBytes
            passingBytes = payloadBytes
            return
        }
        if start < place { session(UnsafeRawBufferPointer(rebasing: bytes[start..<place])) }
        let count = min(Self.headBytes - head.count, bytes.count - place)
        head.append(contentsOf: bytes[place..<place + count])
        place += count
        start = place
        if head.count == Self.headBytes { takeHead(session) }
    }

    /// The length of a frame that goes on as it is; nil for the first frame of a longer block.
    private static func payloadOfPlainFrame(_ head: UnsafeRawBufferPointer) -> Int? {
        let frame = FrameHead(head)
        return frame.beginsLongBlock ? nil : frame.payloadBytes
    }

    private mutating func takeHead(_ session: (UnsafeRawBufferPointer) -> Void) {
        let frame = head.withUnsafeBytes { FrameHead($0) }
        if var block = gathering, block.isContinued(by: frame) {
            block.add(frame)
            gathering = block
            isOverLimit = block.frames > maximumFrames || block.bytesSum > maximumBytes
            if isOverLimit { return gathering = nil }
            if frame.payloadBytes == 0 { endFrame(session) }
        } else if gathering == nil, frame.beginsLongBlock {
            gathering = GatheredBlock(frame)
            if frame.payloadBytes == 0 { endFrame(session) }
        } else {
            // Anything else inside a block is an error, which the session finds.
            if let block = gathering { block.write(isWhole: false, Self.frameBytes, to: session) }
            gathering = nil
            passingBytes = frame.payloadBytes
            head.withUnsafeBytes(session)
        }
        head.removeAll(keepingCapacity: true)
    }

    private mutating func gather(
        _ bytes: UnsafeRawBufferPointer, to session: (UnsafeRawBufferPointer) -> Void
    ) -> Int {
        guard var block = gathering else { return 0 }
        gathering = nil
        let count = min(block.missingBytes, bytes.count)
        block.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        let isFrameWhole = block.missingBytes == 0
        gathering = block
        if isFrameWhole { endFrame(session) }
        return count
    }

    private mutating func endFrame(_ session: (UnsafeRawBufferPointer) -> Void) {
        guard var block = gathering else { return }
        gathering = nil
        guard block.isWhole else {
            block.endFrame()
            gathering = block
            return
        }
        block.endFrame()
        block.shorten()
        block.write(isWhole: true, Self.frameBytes, to: session)
    }
}

/// The nine bytes before each frame (RFC 9113 section 4.1).
struct FrameHead {
    static let headersType: UInt8 = 1
    static let continuationType: UInt8 = 9
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

    var endsHeaders: Bool { flags & Self.endHeadersFlag != 0 }
    /// Whether more frames of a block follow; one that is too long is left to the session.
    var beginsLongBlock: Bool {
        type == Self.headersType && !endsHeaders && payloadBytes <= HeaderBlockPassage.frameBytes
    }
}
