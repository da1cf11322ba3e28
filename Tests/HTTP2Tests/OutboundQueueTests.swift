import NIOCore
import Testing

@testable import HTTP2

/// Bytes of all kinds are sent in the order they were appended.
@Suite struct OutboundQueueTests {
    @Test(arguments: [1, 777, 16 << 10, 1 << 20])
    func keepsTheOrderOfAllKinds(pieceBytes: Int) {
        var queue = OutboundQueue()
        var expected: [UInt8] = []
        var next: UInt8 = 0
        func bytes(_ count: Int) -> [UInt8] {
            let new = (0..<count).map { _ in
                next &+= 1
                return next
            }
            expected += new
            return new
        }
        for count in [0, 1, 100, OutboundQueue.copiedBytesMax, OutboundQueue.copiedBytesMax + 1] {
            queue.append(bytes(count))
            queue.append(ByteBuffer(bytes: bytes(count)))
            bytes(count).withUnsafeBytes { queue.append($0) }
            bytes(count).withUnsafeBytes { new in
                queue.append(count: count) { $0.copyMemory(from: new) }
            }
        }
        #expect(queue.countBytes == expected.count)
        var output = ByteBuffer()
        while let count = queue.available(limit: pieceBytes) {
            let isLast = queue.isLast(count)
            queue.take(count: count, into: &output)
            #expect(isLast == queue.isEmpty)
        }
        #expect(Array(output.readableBytesView) == expected && queue.isEmpty)
    }
}
