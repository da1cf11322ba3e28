import Base64
import Testing

@testable import TLS

/// PEM as Go reads it.
@Suite("PEM")
struct PEMTests {
    private func types(_ text: String) -> [String] {
        PEM.blocks(Array(text.utf8)).map(\.type)
    }

    private static let block = "-----BEGIN A-----\nAAAA\n-----END A-----\n"

    @Test func blocks() {
        #expect(types(Self.block + "text\n" + Self.block) == ["A", "A"])
        #expect(types("x" + Self.block) == [])
        #expect(types("x\n" + Self.block) == ["A"])
        #expect(types(String(Self.block.dropLast())) == ["A"])
        #expect(types("-----BEGIN A-----\n-----END A-----") == ["A"])
        #expect(types("-----BEGIN A B-----\nAA==\n-----END A B-----  \n") == ["A B"])
        #expect(types("-----BEGIN -----\nAAAA\n-----END -----\n") == [""])
    }

    @Test func brokenBlocksAreSkipped() {
        for broken in [
            "-----BEGIN A-----\nAAAA\n-----END B-----\n",
            "-----BEGIN A----\nAAAA\n-----END A----\n",
            "-----BEGIN A-----\nA!AA\n-----END A-----\n",
            "-----BEGIN A-----\nAAA\n-----END A-----\n",
            "-----BEGIN A-----\nAAAA\n-----END A----- x\n", "-----BEGIN A-----\n", "-----BEGIN ",
        ] {
            #expect(types(broken) == [], "\(broken)")
            #expect(types(broken + "\n" + Self.block).last == "A", "\(broken)")
        }
    }

    @Test func headers() {
        let text =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES,00\n\nAAAA\n"
            + "-----END RSA PRIVATE KEY-----\n"
        let blocks = PEM.blocks(Array(text.utf8))
        #expect(blocks == [.init(type: "RSA PRIVATE KEY", hasHeaders: true, content: [0, 0, 0])])
    }

    @Test func base64() {
        for bytes in [[], [1], [1, 2], [1, 2, 3], Array(0...255)] as [[UInt8]] {
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        }
        #expect(Base64.decode("A A\tA\r\nA".utf8, skipsBlanks: true) == [0, 0, 0])
        for text in ["A", "AA", "AAA", "AA=", "AA===", "A===", "AA=A", "=", "AAAA=", "A-AA"] {
            #expect(Base64.decode(text.utf8, skipsBlanks: true) == nil, "\(text)")
        }
    }

    @Test func writtenBlocksAreRead() {
        let bytes = (0..<200).map { UInt8($0) }
        let pem = PEM.encode(bytes, type: "X")
        #expect(PEM.blocks(pem) == [.init(type: "X", hasHeaders: false, content: bytes)])
    }
}
