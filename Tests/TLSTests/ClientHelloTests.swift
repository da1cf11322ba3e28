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

    private func arrival(_ bytes: [UInt8]) -> ClientHelloArrival {
        bytes.withUnsafeBytes { ClientHelloArrival.of($0) }
    }

    private func parse(_ bytes: [UInt8]) -> ClientHello? {
        if case .complete(let hello) = arrival(bytes) { return hello }
        return nil
    }

    /// The text of the log and the alert.
    private func refusal(_ bytes: [UInt8]) -> (text: String, alert: [UInt8])? {
        if case .refused(let refusal, let alert) = arrival(bytes) { return (refusal.text, alert) }
        return nil
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

    /// What is waited for is never more than what is sent.
    @Test(arguments: [1, 3, 50, 16_384])
    func incompleteOnes(_ recordBytes: Int) {
        let whole = hello(extensions: extensions, recordBytes: recordBytes)
        for length in whole.indices {
            guard case .incomplete(let bytesMin) = arrival(Array(whole.prefix(length))) else {
                Issue.record("\(length) bytes are not the whole message")
                continue
            }
            #expect(length < bytesMin && bytesMin <= whole.count)
        }
    }

    @Test func refusedOnes() {
        let cases: [(bytes: [UInt8], text: String, alert: [UInt8])] = [
            ([23, 3, 3, 0, 1, 0], Self.noTLS, []),
            ([22, 16, 0, 0, 1, 0], Self.noTLS, []),
            (
                [0x80, 46, 1, 0, 2], "tls: unsupported SSLv2 handshake received",
                [21, 3, 1, 0, 2, 2, 70]
            ),
            (
                [22, 3, 1, 0xff, 0xff], "tls: oversized record received with length 65535",
                [21, 3, 1, 0, 2, 2, 22]
            ),
            (
                [22, 3, 1, 0x40, 1] + [UInt8](repeating: 1, count: 0x4001),
                "local error: tls: record overflow", [21, 3, 1, 0, 2, 2, 22]
            ),
            (
                [22, 3, 1, 0, 0] + hello(), "local error: tls: unexpected message",
                [21, 3, 1, 0, 2, 2, 10]
            ),
            (
                [22, 3, 1, 0, 4, 1, 1, 0, 1],
                "tls: handshake message of length 65537 bytes exceeds maximum of 65536 bytes",
                [21, 3, 1, 0, 2, 2, 80]
            ),
            (
                [22, 3, 1, 0, 4, 2, 0, 0, 0], "local error: tls: error decoding message",
                [21, 3, 1, 0, 2, 2, 50]
            ),
            (
                hello(extensions: [(0, vector([0, 0, 2] + Array("a.".utf8)))]),
                "local error: tls: error decoding message", [21, 3, 1, 0, 2, 2, 50]
            ),
        ]
        for (bytes, text, alert) in cases {
            let refusal = refusal(bytes)
            #expect(refusal?.text == text)
            #expect(refusal?.alert == alert)
        }
        #expect(arrival([21, 3, 1, 0, 2, 2, 40]) == .other)
    }

    @Test func applicationProtocols() {
        func offering(_ names: [String], version: [UInt8] = [3, 3]) -> [UInt8] {
            let list = names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            return hello(version: version, extensions: [(16, vector(list))])
        }
        let refused = refusal(offering(["foo", "h2c"]))
        #expect(
            refused?.text
                == "tls: client requested unsupported application protocols ([\"foo\" \"h2c\"])")
        #expect(refused?.alert == [21, 3, 3, 0, 2, 2, 120])
        for names in [["foo", "h2"], ["http/1.1", "foo"]] {
            #expect(parse(offering(names))?.applicationProtocols == names)
        }
        // The version is refused first, by the library.
        #expect(parse(offering(["foo"], version: [3, 2])) != nil)
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

    private static let noTLS = "tls: first record does not look like a TLS handshake"
}
