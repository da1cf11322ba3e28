import Gzip
import Testing

/// Round trips of compressed bytes, and the limit of the inflater.
@Suite struct GzipTests {
    private func compressed(_ bytes: [UInt8]) throws -> [UInt8] {
        let compressor = try #require(GzipCompressor())
        var output: [UInt8] = []
        bytes.withUnsafeBytes { compressor.compress($0, into: &output) }
        return output
    }

    private func inflated(_ bytes: [UInt8], bytesMax: Int) throws -> [UInt8] {
        let inflater = try #require(GzipInflater())
        return try inflater.inflated(bytes, bytesMax: bytesMax)
    }

    private func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 7
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    @Test(arguments: [0, 1, 100, 65_535, 65_536, 1_000_000])
    func compressedBytesRoundTrip(count: Int) throws {
        for bytes in [noise(count), [UInt8](repeating: 7, count: count)] {
            let small = try compressed(bytes)
            #expect(try inflated(small, bytesMax: count) == bytes)
            #expect(try inflated(small + small, bytesMax: 2 * count) == bytes + bytes)
        }
    }

    @Test func piecesMakeOneFileAndCompressorsAreReusable() throws {
        let compressor = try #require(GzipCompressor())
        let bytes = noise(300_000)
        for _ in 0..<3 {
            var output: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: 70_000) {
                bytes[start..<min(start + 70_000, bytes.count)].withUnsafeBytes {
                    compressor.append($0, to: &output)
                }
            }
            compressor.finish(into: &output)
            #expect(try inflated(output, bytesMax: bytes.count) == bytes)
        }
    }

    @Test func oneByteBeyondTheLimitIsTooLarge() throws {
        let bomb = try compressed([UInt8](repeating: 0, count: 50_000_000))
        #expect(bomb.count < 500_000)
        for limit in [0, 1, 4_096, 65_536, 2_000_000, 49_999_999] {
            #expect(throws: GzipError.tooLarge) { try inflated(bomb, bytesMax: limit) }
        }
        #expect(try inflated(bomb, bytesMax: 50_000_000).count == 50_000_000)
    }

    @Test func corruptionIsReportedWithTheTextsOfGo() throws {
        let whole = try compressed(noise(1_000))
        let cases: [([UInt8], GzipError)] = [
            ([], .header("EOF")),
            (Array(whole[..<5]), .header("unexpected EOF")),
            ([1] + whole.dropFirst(), .header("gzip: invalid header")),
            (whole + [1, 2, 3], .header("unexpected EOF")),
            (whole + [UInt8](repeating: 0, count: 20), .header("gzip: invalid header")),
            (Array(whole.dropLast()), .body("unexpected EOF")),
            (Array(whole[..<500]), .body("unexpected EOF")),
            (whole.dropLast() + [whole.last.map { $0 ^ 1 } ?? 0], .body("gzip: invalid checksum")),
        ]
        for (bytes, error) in cases {
            #expect(throws: error) { try inflated(bytes, bytesMax: 1 << 20) }
        }
    }
}
