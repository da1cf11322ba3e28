import HTTP2
import ProtobufJSON

/// The received body of a gateway request, as far as it is not read: a sequence of JSON values.
struct GatewayBody {
    private var bytes: [UInt8] = []
    /// The end of the values that have been read.
    private var readEnd = 0
    /// The end of what has been scanned.
    private var position = 0
    private var scanner = JSONValueScanner()
    private let loop: HTTP2Loop
    private var countedBytes = 0

    init(loop: HTTP2Loop) {
        self.loop = loop
    }

    /// The bytes that are not read yet.
    var unreadBytes: Int { bytes.count - readEnd }

    /// Appends received bytes. Returns false if they are more than may be kept.
    mutating func append(_ received: UnsafeRawBufferPointer, bytesMax: Int) -> Bool {
        guard unreadBytes + received.count <= min(bytesMax, loop.requestBytesMax) else {
            return false
        }
        if readEnd > 0 {
            bytes.removeFirst(readEnd)
            position -= readEnd
            readEnd = 0
        }
        bytes.append(contentsOf: received)
        countMemory()
        return true
    }

    /// Reads the next value and passes its bytes to `body`; nil if none is complete.
    ///
    /// - Parameter isEnd: whether nothing more will be received.
    mutating func next<Result>(
        isEnd: Bool, _ body: (UnsafeRawBufferPointer) throws(JSONError) -> Result
    ) throws(JSONError) -> Result? {
        var found = Swift.Result<Result?, JSONError>.success(nil)
        bytes.withUnsafeBytes { bytes in
            do throws(JSONError) {
                var isComplete = try scanner.scan(bytes, from: &position)
                if !isComplete, isEnd { isComplete = try scanner.finish() }
                guard isComplete else { return }
                let value = bytes[readEnd..<position]
                readEnd = position
                found = .success(try body(UnsafeRawBufferPointer(rebasing: value)))
            } catch {
                found = .failure(error)
            }
        }
        return try found.get()
    }

    /// Forgets everything.
    mutating func clear() {
        bytes = []
        (readEnd, position) = (0, 0)
        countMemory()
    }

    private mutating func countMemory() {
        loop.countMemory(bytes: bytes.capacity - countedBytes)
        countedBytes = bytes.capacity
    }
}
