internal import CZlib

/// Shared parts of compressor and inflater.
enum GzipFormat {
    /// zlib's largest window, plus 16 for the gzip format.
    static let windowBits: Int32 = 15 + 16
    static let streamBytes = Int32(MemoryLayout<z_stream>.size)

    /// The bytes as zlib's input, which it only reads.
    static func input(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }

    /// Maximum output of one zlib call.
    static let pieceBytes = 64 << 10

    /// Calls `step` with an output buffer of up to `limit` bytes, and appends its output to
    /// `output`.
    static func extend(
        _ output: inout [UInt8], by limit: Int, _ stream: UnsafeMutablePointer<z_stream>,
        _ piece: UnsafeMutableRawBufferPointer, _ step: () -> Int32
    ) -> Int32 {
        let capacity = min(limit, piece.count)
        stream.pointee.next_out = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(capacity)
        let result = step()
        let count = capacity - Int(stream.pointee.avail_out)
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<count]))
        return result
    }
}
