@testable import Configuration
import Testing

@testable import EtcdServer

@Suite struct ConfigurationParserTests {
    private func parse(_ text: String) throws -> ConfigurationNode {
        try ConfigurationParser.parse(Array(text.utf8))
    }

    private func value(_ text: String) throws -> ConfigurationNode? {
        try parse(text).entries?.last?.value
    }

    @Test(arguments: [
        ("a: b c # d", "b c", false), ("a: http://h:1,http://i:2", "http://h:1,http://i:2", false),
        ("a: 'it''s'", "it's", true), (#"a: "x\ty\u00e9\ud83d\ude00""#, "x\tyé😀", true),
        ("a: \"one\n   two\"", "one two", true),
        ("a: one\n  two # c\nb: three", "three", false),
        ("a:\n  b#c", "b#c", false), ("{\"a\": \"b\"}", "b", true), ("{a: b:c}", "b:c", false),
        ("a: |\n  x\n   y\n\n", "x\n y\n", true), ("a: >-\n  x\n  y\n\n  z\n", "x y\nz", true),
        ("a: |+\n  x\n\n", "x\n\n", true), ("\u{FEFF}---\na: b\r\n...\n", "b", false),
        ("'a' : b", "b", false), ("a: x\na: b", "b", false), ("a: -1", "-1", false),
    ])
    func scalarIsRead(text: String, expected: String, isQuoted: Bool) throws {
        #expect(try value(text) == .scalar(expected, isQuoted: isQuoted))
    }

    @Test func collectionsNest() throws {
        let text = """
            # comment
            m:
              x: 1
              y: [p, "q", {z: 2}, ]
            s:
            - one
            - k: v
              l:
            -   - deep
            t:
              - a
            e: {}
            """
        func word(_ text: String) -> ConfigurationNode { .scalar(text, isQuoted: false) }
        #expect(
            try parse(text)
                == .mapping([
                    .init(
                        key: "m",
                        value: .mapping([
                            .init(key: "x", value: word("1")),
                            .init(
                                key: "y",
                                value: .sequence([
                                    word("p"), .scalar("q", isQuoted: true),
                                    .mapping([.init(key: "z", value: word("2"))]),
                                ])),
                        ])),
                    .init(
                        key: "s",
                        value: .sequence([
                            word("one"),
                            .mapping([
                                .init(key: "k", value: word("v")), .init(key: "l", value: .null),
                            ]),
                            .sequence([word("deep")]),
                        ])),
                    .init(key: "t", value: .sequence([word("a")])),
                    .init(key: "e", value: .mapping([])),
                ]))
    }

    @Test(arguments: ["", "# only\n\n", "---\n", "~", "null"]) func emptyFileIsNull(text: String)
        throws
    {
        #expect(try parse(text) == .null)
    }

    @Test(arguments: [
        ("a: &x b", 1, "anchors"), ("a: *x", 1, "aliases"), ("a: !t b", 1, "tags"),
        ("a: 1\n\tb: 2", 2, "tab"), ("a: 1\n  b: 2", 2, "not allowed"), ("a: [1", 1, "expected"),
        ("a: \"x", 1, "does not end"), ("a: b\n---\nc: d", 2, "one document"),
        ("a: {b", 1, "expected ':'"), ("a: 'x' y", 1, "unexpected text"),
        ("? a", 1, "complex keys"),
        ("a:\n    b: 1\n  c: 2", 3, "wrong indentation"), ("a: \"\\q\"", 1, "unknown escape"),
        ("a: \"\\ud800\"", 1, "bad escape"), ("%YAML 1.2\n---\na: b", 1, "directives"),
        ("a: 1\nb", 2, "expected 'key: value'"), ("a: b # c\n  d", 2, "wrong indentation"),
    ])
    func unsupportedSyntaxIsRefusedWithItsLine(text: String, line: Int, reason: String) {
        do {
            let node = try parse(text)
            Issue.record("parsed as \(node)")
        } catch let error as ConfigurationSyntaxError {
            #expect(error.line == line)
            #expect(error.reason.contains(reason), "\(error.reason)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func depthAndSizeAreBounded() {
        let deep = String(repeating: "[", count: 10_000)
        #expect(throws: ConfigurationSyntaxError.self) { try parse("a: " + deep) }
        let nested = (0..<100).map { String(repeating: " ", count: $0) + "a:" }
        #expect(throws: ConfigurationSyntaxError.self) {
            try parse(nested.joined(separator: "\n") + " b")
        }
        let big = [UInt8](repeating: 0x20, count: ConfigurationParser.fileSizeBytesMax + 1)
        #expect(throws: ConfigurationSyntaxError.self) { try ConfigurationParser.parse(big) }
    }
}
