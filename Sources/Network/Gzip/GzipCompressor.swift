internal import CZlib

/// Compresses into the gzip format (RFC 1952), incrementally or at once.
///
/// A compressor is reusable and keeps its 256 KiB of state. Used by one thread at a time.
///
/// Invariant: the address of `stream` is stable, since zlib's state points to it.
package final class GzipCompressor {
    private let stream: UnsafeMutablePointer<z_stream>
    private let piece: UnsafeMutableRawBufferPointer
    /// Whether anything was appended since the last `finish`.
    private var isUnfinished = false

    /// Nil when out of memory.
    package init?() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        guard
            deflateInit2_(
                stream, Z_BEST_SPEED, Z_DEFLATED, GzipFormat.windowBits, 8, Z_DEFAULT_STRATEGY,
                zlibVersion(), GzipFormat.streamBytes) == Z_OK
        else {
            stream.deallocate()
            return nil
        }
        piece = .allocate(byteCount: GzipFormat.pieceBytes, alignment: 16)
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
        piece.deallocate()
    }

    /// Compresses a piece; available output is appended to `output`.
    package func append(_ bytes: UnsafeRawBufferPointer, to output: inout [UInt8]) {
        isUnfinished = true
        run(bytes, Z_NO_FLUSH, into: &output)
    }

    /// Finishes the gzip file and resets the state for the next one.
    package func finish(into output: inout [UInt8]) {
        run(UnsafeRawBufferPointer(start: nil, count: 0), Z_FINISH, into: &output)
        deflateReset(stream)
        isUnfinished = false
    }

    /// Compresses `bytes` to one gzip file, appended to `output`.
    package func compress(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        precondition(!isUnfinished, "a file is finished before the next one starts")
        run(bytes, Z_FINISH, into: &output)
        deflateReset(stream)
    }

    private func run(_ bytes: UnsafeRawBufferPointer, _ flush: Int32, into output: inout [UInt8]) {
        precondition(bytes.count <= UInt32.max, "a piece has at most 4 GiB")
        stream.pointee.next_in = GzipFormat.input(bytes)
        stream.pointee.avail_in = UInt32(bytes.count)
        var result = Z_OK
        repeat {
            result = GzipFormat.extend(&output, by: .max, stream, piece) {
                deflate(stream, flush)
            }
            precondition(result != Z_STREAM_ERROR, "the state of a compressor is consistent")
        } while flush == Z_FINISH ? result != Z_STREAM_END : stream.pointee.avail_out == 0
        stream.pointee.next_in = nil
    }
}
