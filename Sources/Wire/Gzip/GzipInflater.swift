internal import CZlib

/// Why bytes are not the gzip format, in the words of Go's library.
package enum GzipError: Error, Equatable {
    /// The head of the file, or of another one behind it, is none.
    case header(String)
    /// What follows is damaged.
    case body(String)
    /// More comes out than is allowed.
    case tooLarge
}

/// Inflates the gzip format (RFC 1952), with a bound on what comes out.
///
/// As Go's reader does, it takes several files one behind the other as one. One inflater serves any
/// number of inputs, one after the other, and keeps its state of some 40 KiB in between. Used by one
/// thread at a time.
///
/// Invariant: `stream` stays where it is, since zlib's state points back to it.
package final class GzipInflater {
    private static let headBytes = 10

    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableRawBufferPointer

    /// Nil when there is no memory for zlib's state.
    package init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard
            inflateInit2_(stream, GzipFormat.windowBits, zlibVersion(), GzipFormat.streamBytes)
                == Z_OK
        else {
            stream.deallocate()
            return nil
        }
        piece = .allocate(byteCount: GzipFormat.pieceBytes, alignment: 16)
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    /// All that `bytes` holds. Memory is taken as output comes, and never for more than
    /// `maximumBytes` and one piece.
    package func inflated(
        _ bytes: UnsafeRawBufferPointer, maximumBytes: Int
    ) throws(GzipError) -> [UInt8] {
        var output: [UInt8] = []
        var input = bytes
        repeat {
            let used = try inflateFile(input, maximumBytes, into: &output)
            input = UnsafeRawBufferPointer(rebasing: input[used...])
        } while !input.isEmpty
        return output
    }

    /// All that `bytes` holds.
    package func inflated(
        _ bytes: [UInt8], maximumBytes: Int
    ) throws(GzipError) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { (memory) throws(GzipError) in
            try inflated(UnsafeRawBufferPointer(memory), maximumBytes: maximumBytes)
        }
    }

    /// Inflates one file at the front of `input` and tells how long it is.
    private func inflateFile(
        _ input: UnsafeRawBufferPointer, _ maximumBytes: Int, into output: inout [UInt8]
    ) throws(GzipError) -> Int {
        try Self.checkHead(input)
        precondition(input.count <= UInt32.max, "an input has at most 4 GiB")
        inflateReset(stream)
        stream.pointee.next_in = GzipFormat.input(input)
        stream.pointee.avail_in = UInt32(input.count)
        defer { stream.pointee.next_in = nil }
        while true {
            let room = maximumBytes - output.count + 1
            let result = GzipFormat.extend(&output, by: room, stream, piece) {
                inflate(stream, Z_NO_FLUSH)
            }
            guard output.count <= maximumBytes else { throw .tooLarge }
            switch result {
            case Z_STREAM_END: return input.count - Int(stream.pointee.avail_in)
            case Z_OK where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: continue
            case Z_OK, Z_BUF_ERROR: throw .body("unexpected EOF")
            default: throw damage
            }
        }
    }

    private static func checkHead(_ input: UnsafeRawBufferPointer) throws(GzipError) {
        guard !input.isEmpty else { throw .header("EOF") }
        guard input.count >= headBytes else { throw .header("unexpected EOF") }
        guard input[0] == 0x1F, input[1] == 0x8B, input[2] == 8 else {
            throw .header("gzip: invalid header")
        }
    }

    /// What zlib has found, as Go's library tells it.
    private var damage: GzipError {
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? ""
        if reason.hasPrefix("incorrect") { return .body("gzip: invalid checksum") }
        if reason.hasPrefix("unknown header") || reason.hasPrefix("header") {
            return .header("gzip: invalid header")
        }
        return .body("flate: corrupt input before offset \(stream.pointee.total_in)")
    }
}
