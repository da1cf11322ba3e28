/// The memory that one connection occupies on behalf of its peer, and its limit.
///
/// The limit follows the memory that the whole server has left: a connection may grow to a quarter
/// of it (dynamic thresholds, Choudhury and Hahne 1998). So a few greedy peers get much, many get
/// little each, and a part always stays free for the others.
struct ConnectionMemory {
    /// Unsent bytes of all streams.
    var outputBytes = 0
    /// Bytes written to the channel while its socket is full.
    var channelBytes = 0
    /// Request bytes that are kept: incomplete, held back or being served.
    var inputBytes = 0
    /// Header bytes kept for the open streams.
    var headerBytes = 0
    /// Bytes of an incomplete header block.
    var headerBlockBytes = 0
    /// The open streams themselves.
    var streamBytes = 0
    /// The bytes that the event loop knows of.
    private(set) var countedBytes = 0
    private(set) var bytesMax = Int.max

    var usedBytes: Int {
        outputBytes + channelBytes + inputBytes + headerBytes + headerBlockBytes + streamBytes
    }

    /// Whether `bytes` more may be occupied.
    func allows(_ bytes: Int) -> Bool {
        bytes <= bytesMax - usedBytes
    }

    /// Whether a new stream may be opened: a quarter is left to the streams that are open.
    func allowsStream(_ bytes: Int) -> Bool {
        bytes <= bytesMax - bytesMax / 4 - usedBytes
    }

    /// Occupies nothing any more; what the event loop knows of is returned by the next `count`.
    mutating func clear() {
        let counted = countedBytes
        self = ConnectionMemory()
        countedBytes = counted
    }

    /// Counts the changes since the last call in `loop`, and takes the new limit.
    mutating func count(in loop: inout LoopMemory, _ configuration: HTTP2Configuration) {
        let used = usedBytes
        if used != countedBytes {
            loop.add(used - countedBytes)
            countedBytes = used
        }
        bytesMax = min(
            max(loop.freeBytes / 4, configuration.connectionBytesMin),
            configuration.connectionBytesMax)
    }
}
