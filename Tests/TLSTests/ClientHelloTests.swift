import Testing

@testable import TLS

@Suite("ClientHello")
struct ClientHelloTests {
    /// A ClientHello in records of at most `recordBytes`.
    private func hello(
        version: [UInt8] = [3, 3], suites: [UInt8] = [0xc0, 0x2b, 0x13, 0x01],
        extensions: [(type: UInt8, content: [UInt8])] = [], recordBytes: Int = 16_384
    ) -> [UInt8] {
        var body = version
        body += [UInt8](repeating: 7, count: 32)
        body += [2, 9, 9]
        body += vector(suites)
        body += [1, 0]
        if !extensions.isEmpty {
            var encoded: [UInt8] = []
            for (type, content) in extensions {
                encoded += [0, type]
                encoded += vector(content)
            }
            body += vector(encoded)
        }
        var message: [UInt8] = [1, 0]
        message += vector(body)
        var records: [UInt8] = []
        for start in stride(from: 0, to: message.count, by: recordBytes) {
            let end = min(start + recordBytes, message.count)
            records += [22, 3, 1]
            records += vector(message[start..<end])
        }
        return records
    }

    private func vector(_ content: some Collection<UInt8>) -> [UInt8] {
        var vector = [UInt8(content.count >> 8), UInt8(content.count & 255)]
        vector += content
        return vector
    }

    private func parse(_ bytes: [UInt8]) -> ClientHello? {
        bytes.withUnsafeBytes { ClientHello.parse($0) }
    }

    private static let name = Array("etcd.example.com".utf8)
    private var extensions: [(type: UInt8, content: [UInt8])] {
        [
            (0, vector([0, 0, 16] + Self.name)), (16, vector([2] + Array("h2".utf8))),
            (43, [4, 3, 4, 3, 3]), (99, [1, 2, 3]),
        ]
    }

    @Test func fields() {
        #expect(
            parse(hello(extensions: extensions))
                == ClientHello(
                    serverName: "etcd.example.com", versions: [0x0304, 0x0303],
                    cipherSuites: [0xc02b, 0x1301], applicationProtocols: ["h2"]))
        #expect(parse(hello() + [1, 2, 3])?.versions == [0x0303, 0x0302, 0x0301])
        #expect(parse(hello(version: [3, 2]))?.versions == [0x0302, 0x0301])
        #expect(parse(hello(version: [3, 0]))?.versions == [])
    }

    @Test(arguments: [1, 3, 5, 50])
    func severalRecords(_ recordBytes: Int) {
        let whole = hello(extensions: extensions)
        #expect(parse(hello(extensions: extensions, recordBytes: recordBytes)) == parse(whole))
    }

    @Test func incompleteOnes() {
        let whole = hello(extensions: extensions)
        for length in whole.indices { #expect(parse(Array(whole.prefix(length))) == nil) }
    }

    @Test func changedOnes() {
        let whole = hello(extensions: extensions)
        for index in whole.indices {
            for change: UInt8 in [1, 0x80, 0xff] {
                var changed = whole
                changed[index] ^= change
                _ = parse(changed)
            }
        }
        #expect(parse(hello(suites: [1])) == nil)
        #expect(parse(hello(extensions: [(0, [0])])) == nil)
        #expect(parse(hello(extensions: [(16, [0, 2, 5, 1])])) == nil)
        #expect(parse(hello(extensions: [(43, [3, 3, 4, 3])])) == nil)
    }

    @Test func theSizeIsBounded() {
        #expect(parse([22, 3, 1, 0, 4, 1, 1, 0, 1]) == nil)
        #expect(parse([22, 3, 1, 0, 0] + hello()) == nil)
    }

    @Test func firstBytes() {
        #expect(TLSRecord.isHandshake(22))
        #expect(TLSRecord.isHandshake(22, 3, 1))
        #expect(!TLSRecord.isHandshake(22, 4))
        #expect(!TLSRecord.isHandshake(UInt8(ascii: "G"), UInt8(ascii: "E")))
        #expect(!TLSRecord.isHandshake())
    }
}
