@testable import HTTPServices
import Testing

/// Frames of a WebSocket.
@Suite struct WebSocketReaderTests {
    private static func frame(
        _ first: UInt8, _ content: [UInt8], length: [UInt8]? = nil, isMasked: Bool = true
    ) -> [UInt8] {
        let mask: [UInt8] = isMasked ? [1, 2, 3, 4] : []
        let masked = content.enumerated().map { isMasked ? $1 ^ mask[$0 & 3] : $1 }
        let plain = length ?? [UInt8(content.count)]
        return [first, plain[0] | (isMasked ? 0x80 : 0)] + plain.dropFirst() + mask + masked
    }

    private static func events(_ bytes: [UInt8]) -> [WebSocketReader.Event] {
        var reader = WebSocketReader(messageBytesMax: 1000)
        bytes.withUnsafeBytes { reader.append($0) }
        var found: [WebSocketReader.Event] = []
        while found.count < 10, let event = reader.next() { found.append(event) }
        return found
    }

    @Test func messagesAreJoinedAndUnmasked() {
        let text = Array("hello".utf8)
        #expect(Self.events(Self.frame(0x81, text)) == [.message(text)])
        #expect(Self.events(Self.frame(0x82, [])) == [.message([])])
        let parts = Self.frame(0x01, text) + Self.frame(0x89, [7]) + Self.frame(0x80, text)
        #expect(Self.events(parts) == [.ping([7]), .message(text + text)])
        let long = [UInt8](repeating: 5, count: 300)
        #expect(Self.events(Self.frame(0x81, long, length: [126, 1, 44])) == [.message(long)])
        #expect(Self.events(Self.frame(0x88, [3, 232])) == [.close(status: 1000)])
        #expect(Self.events(Self.frame(0x88, []) + Self.frame(0x8A, [])) == [.close(status: nil)])
    }

    /// Frames, and the status with which each fails.
    private static var refused: [([UInt8], UInt16)] {
        let zeros = [UInt8](repeating: 0, count: 126)
        let huge = [127] + [UInt8](repeating: 0xFF, count: 8)
        let unfinished = frame(0x01, [UInt8](repeating: 0, count: 900), length: [126, 3, 132])
        var refused: [([UInt8], UInt16)] = [
            (frame(0x81, [1], isMasked: false), 1002), (frame(0xC1, [1]), 1002),
            (frame(0x80, [1]), 1002), (frame(0x83, [1]), 1002), (frame(0x09, [1]), 1002),
        ]
        refused.append((frame(0x01, [1]) + frame(0x81, [1]), 1002))
        refused.append((frame(0x89, zeros, length: [126, 0, 126]), 1002))
        refused.append((frame(0x81, [], length: [126, 0x10, 0]), 1009))
        refused.append((frame(0x81, [], length: huge), 1009))
        refused.append((unfinished + frame(0x80, Array(zeros[..<125])), 1009))
        return refused
    }

    @Test func whatNoClientSendsFails() {
        for (bytes, status) in Self.refused {
            #expect(Self.events(bytes).first == .failure(status: status))
        }
    }

    @Test func framesOfTheServerHaveTheShortestLength() {
        #expect(WebSocketFrame.encode(.text, [1, 2]) == [0x81, 2, 1, 2])
        let content = [UInt8](repeating: 0, count: 70_000)
        #expect(WebSocketFrame.encode(.text, content[..<126]).prefix(4) == [0x81, 126, 0, 126])
        #expect(
            WebSocketFrame.encode(.pong, content).prefix(10)
                == [0x8A, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70])
        #expect(WebSocketFrame.close(1002) == [0x88, 2, 3, 0xEA])
        #expect(WebSocketFrame.close(nil) == [0x88, 0])
    }
}
