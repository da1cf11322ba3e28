import Listening
import Testing

@Suite struct FirstBytesTests {
    @Test(arguments: [
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", FirstBytes.http2),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", .http2),
        ("GET / HTTP/1.1\r\n", .http1), ("PRIOR /", .http1), ("M-SEARCH *", .http1),
        ("SSH-2.0-OpenSSH", .other), ("", .undecided), ("PRI * HT", .undecided),
        ("GE", .undecided), ("AVERYLONGWORDTHATISNOMETHOD ", .other), ("\0\0\0\0", .other),
        ("GET\r\n", .other),
    ])
    func textIsRecognized(text: String, kind: FirstBytes) {
        #expect(FirstBytes.classify(Array(text.utf8)) == kind)
    }

    @Test(
        arguments: [
            ([0x16, 3, 1, 2, 0], FirstBytes.encrypted), ([0x16], .undecided),
            ([0x15, 3], .encrypted),
            ([0x16, 0x50], .other), ([0x80, 0x2e, 1], .other), ([0xff], .other),
        ] as [([UInt8], FirstBytes)])
    func recordIsRecognized(bytes: [UInt8], kind: FirstBytes) {
        #expect(FirstBytes.classify(bytes) == kind)
    }
}
