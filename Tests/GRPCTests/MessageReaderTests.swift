import Testing

@testable import GRPC

/// Reading of messages from a stream that arrives in pieces of any size.
@Suite struct MessageReaderTests {
    private static let sizes = [0, 1, 5, 300, 70_000, 2]

    private var stream: [UInt8] {
        Self.sizes.flatMap { size in
            [0] + withUnsafeBytes(of: UInt32(size).bigEndian) { Array($0) }
                + [UInt8](repeating: UInt8(truncatingIfNeeded: size), count: size)
        }
    }

    @Test(arguments: [1, 3, 7, 4096, 1 << 20])
    func keepsOrCounts(pieceBytes: Int) {
        var keeping = GRPCMessageReader()
        var counting = GRPCMessageReader(keepsMessages: false)
        var kept: [[UInt8]] = []
        var counted: [Int] = []
        for start in stride(from: 0, to: stream.count, by: pieceBytes) {
            let piece = stream[start..<min(start + pieceBytes, stream.count)]
            piece.withUnsafeBytes { bytes in
                var input = bytes
                while case .message(let message) = keeping.next(&input, bytesMax: 1 << 20) {
                    kept.append(message)
                }
                input = bytes
                while case .counted(let count) = counting.next(&input, bytesMax: 1 << 20) {
                    counted.append(count)
                }
            }
        }
        #expect(kept.map(\.count) == Self.sizes && counted == Self.sizes)
        #expect(
            kept.allSatisfy {
                $0.allSatisfy { [count = $0.count] byte in
                    byte == UInt8(truncatingIfNeeded: count)
                }
            })
        #expect(!keeping.isInsideMessage && !counting.isInsideMessage)
    }

    @Test func refusesLargeMessagesInBothModes() {
        for keeps in [true, false] {
            var reader = GRPCMessageReader(keepsMessages: keeps)
            let step = ([0, 0, 0, 4, 1] as [UInt8]).withUnsafeBytes { bytes in
                var input = bytes
                return reader.next(&input, bytesMax: 1024)
            }
            guard case .failed(let status) = step else {
                Issue.record("a message beyond the limit is refused")
                continue
            }
            #expect(status.code == .resourceExhausted)
        }
    }
}
