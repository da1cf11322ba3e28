internal import CZlib

/// Errors of the gzip format, with the texts of Go's library.
package enum GzipError: Error, Equatable {
    /// The header of a file is invalid.
    case header(String)
    /// The data after the header is corrupt.
    case body(String)
    /// The output exceeds the limit.
    case tooLarge
}

/// Decompresses the gzip format (RFC 1952), with a limit on the output.
///
/// Like Go's reader, it reads concatenated files as one. An inflater is reusable and keeps its
/// state of about 40 KiB. Used by one thread at a time.
///
/// Invariant: the address of `stream` is stable, since zlib's state points to it.
package final class GzipInflater {
    private static let headerBytes = 10

    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableRawBufferPointer

    /// Nil when out of memory.
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

    /// Decompresses `bytes`. Memory is allocated as output is produced, at most `bytesMax` and one
    /// piece.
    package func inflated(
        _ bytes: UnsafeRawBufferPointer, bytesMax: Int
    ) throws(GzipError) -> [UInt8] {
        var output: [UInt8] = []
        var input = bytes
        repeat {
            let used = try inflateFile(input, bytesMax, into: &output)
            input = UnsafeRawBufferPointer(rebasing: input[used...])
        } while !input.isEmpty
        return output
    }

    /// Decompresses `bytes`.
    package func inflated(
        _ bytes: [UInt8], bytesMax: Int
    ) throws(GzipError) -> [UInt8] {
        try bytes.withUnsafeBufferPointer { (memory) throws(GzipError) in
            try inflated(UnsafeRawBufferPointer(memory), bytesMax: bytesMax)
        }
    }

    /// Decompresses the first file of `input` and returns its compressed length.
    private func inflateFile(
        _ input: UnsafeRawBufferPointer, _ bytesMax: Int, into output: inout [UInt8]
    ) throws(GzipError) -> Int {
        try Self.checkHeader(input)
        precondition(input.count <= UInt32.max, "an input has at most 4 GiB")
        inflateReset(stream)
        stream.pointee.next_in = GzipFormat.input(input)
        stream.pointee.avail_in = UInt32(input.count)
        defer { stream.pointee.next_in = nil }
        while true {
            let limit = bytesMax - output.count + 1
            let result = GzipFormat.extend(&output, by: limit, stream, piece) {
                inflate(stream, Z_NO_FLUSH)
            }
            guard output.count <= bytesMax else { throw .tooLarge }
            switch result {
            case Z_STREAM_END: return input.count - Int(stream.pointee.avail_in)
            case Z_OK where stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0: continue
            case Z_OK, Z_BUF_ERROR: throw .body("unexpected EOF")
            default: throw streamError
            }
        }
    }

    private static func checkHeader(_ input: UnsafeRawBufferPointer) throws(GzipError) {
        guard !input.isEmpty else { throw .header("EOF") }
        guard input.count >= headerBytes else { throw .header("unexpected EOF") }
        guard input[0] == 0x1F, input[1] == 0x8B, input[2] == 8 else {
            throw .header("gzip: invalid header")
        }
    }

    /// zlib's error with the text of Go's library.
    private var streamError: GzipError {
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? ""
        if reason.hasPrefix("incorrect") { return .body("gzip: invalid checksum") }
        if reason.hasPrefix("unknown header") || reason.hasPrefix("header") {
            return .header("gzip: invalid header")
        }
        return .body("flate: corrupt input before offset \(stream.pointee.total_in)")
    }
}
