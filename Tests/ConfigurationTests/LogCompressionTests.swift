@testable import ServerLogging
import Glibc
import Testing

@testable import EtcdServer

/// Compressed log files, decompressed by the gzip program.
@Suite struct LogCompressionTests {
    @Test(arguments: [0, 1, 3, 4, 100, 70_000, 300_000, 1_000_000])
    func gzipReadsBackWhatWasWritten(size: Int) throws {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        for alphabet in [1, 3, 256] {
            var state = seed | 1
            let content = (0..<size).map { _ -> UInt8 in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: Int(state >> 33) % alphabet)
            }
            #expect(
                try roundTrip(content) == content, "seed \(seed), \(alphabet) different bytes")
        }
    }

    @Test func logLinesBecomeMuchSmaller() throws {
        let lines = (0..<5_000).map {
            #"{"level":"info","ts":"2026-11-22T12:42:19.\#($0)Z","msg":"applied","index":\#($0)}"#
        }
        let content = Array(lines.joined(separator: "\n").utf8)
        let path = try file(content)
        LogCompression.compress(path)
        let packed = try #require(ConfigurationFileText.bytes(path + ".gz"))
        #expect(packed.count < content.count / 4)
        #expect(ConfigurationFileText.bytes(path) == nil, "the plain file is gone")
        unlink(path + ".gz")
    }

    private func file(_ content: [UInt8]) throws -> String {
        let path = "/tmp/swift-etcd-gzip-\(UInt32.random(in: 0...(.max)))"
        let output = try #require(fopen(path, "w"))
        fwrite(content, 1, content.count, output)
        fclose(output)
        return path
    }

    private func roundTrip(_ content: [UInt8]) throws -> [UInt8] {
        let path = try file(content)
        defer { unlink(path) }
        LogCompression.compress(path)
        try #require(system("gzip -d \(path).gz") == 0)
        return try #require(ConfigurationFileText.bytes(path))
    }
}
