import Disk

/// Helpers that access a file as an array of bytes.
extension DiskFile {
    func write(_ bytes: [UInt8], at offset: Int) throws(DiskError) {
        try write(bytes.span.bytes, at: offset)
    }

    private func write(_ bytes: RawSpan, at offset: Int) throws(DiskError) {
        try bytes.withUnsafeBytes { buffer throws(DiskError) in try write(buffer, at: offset) }
    }

    func bytes(at offset: Int, count: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        let got = try result.withUnsafeMutableBytes { try read(into: $0, at: offset) }
        return Array(result.prefix(got))
    }
}

extension DiskMapping {
    func bytes(at offset: Int, count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: base + offset, count: count))
    }
}
