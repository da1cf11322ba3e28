internal import CZlib

/// What compressing and inflating share.
enum GzipFormat {
    /// zlib's largest window, and 16 for the gzip format.
    static let windowBits: Int32 = 15 + 16
    static let streamBytes = Int32(MemoryLayout<z_stream>.size)

    /// zlib's view of bytes that it only reads.
    static func input(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }

    /// What zlib writes at most at a time.
    static let pieceBytes = 64 << 10

    /// Has `step` write up to `room` bytes of a piece, and appends them to `output`.
    static func extend(
        _ output: inout [UInt8], by room: Int, _ stream: UnsafeMutablePointer<z_stream>,
        _ piece: UnsafeMutableRawBufferPointer, _ step: () -> Int32
    ) -> Int32 {
        let room = min(room, piece.count)
        stream.pointee.next_out = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        let result = step()
        let count = room - Int(stream.pointee.avail_out)
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<count]))
        return result
    }
}
