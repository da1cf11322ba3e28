import CCRC32C
import Testing

@Suite struct ChecksumTests {
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        bytes.withUnsafeBytes { crc32c_update(0, $0.baseAddress, $0.count) }
    }

    @Test func knownValues() {
        // RFC 3720, appendix B.4, and the check value of the polynomial.
        #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(checksum(Array(0..<32)) == 0x46DD_794E)
        #expect(crc32c_update(5, nil, 0) == 5)
    }

    @Test func partsAndTablesGiveTheSame() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 9) }
        let whole = checksum(bytes)
        bytes.withUnsafeBytes { buffer in
            for split in 0...300 {
                let first = crc32c_update(0, buffer.baseAddress, split)
                let rest = UnsafeRawBufferPointer(rebasing: buffer[split...])
                #expect(crc32c_update(first, rest.baseAddress, rest.count) == whole)
                let table = crc32c_update_by_table(0, buffer.baseAddress, split)
                #expect(table == first)
                #expect(crc32c_update_by_table(table, rest.baseAddress, rest.count) == whole)
            }
        }
    }
}
