/// Many lease renewals in one request between members that run this program.
///
/// The request is the lease IDs, the response the remaining seconds of each in the same order, 0
/// for a lease that has to be renewed by itself. All are 8 bytes, little-endian.
enum RenewalBatch {
    static let path = "/leases/renewals"

    private static let numberBytes = MemoryLayout<Int64>.size

    static func encode(_ numbers: [Int64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(numbers.count * numberBytes)
        for number in numbers {
            withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// Nil for bytes that are no whole numbers.
    static func decode(_ bytes: [UInt8]) -> [Int64]? {
        guard bytes.count.isMultiple(of: numberBytes) else { return nil }
        return bytes.withUnsafeBytes { bytes in
            stride(from: 0, to: bytes.count, by: numberBytes).map { offset in
                Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
            }
        }
    }
}
