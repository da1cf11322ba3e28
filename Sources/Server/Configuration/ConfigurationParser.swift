/// Parses the subset of YAML that configuration files use, which includes JSON.
///
/// It supports block mappings and sequences, flow mappings and sequences, plain, single- and
/// double-quoted scalars, literal and folded block scalars, comments and one document. Anchors,
/// aliases, tags, complex keys and several documents are refused with their line number: a file is
/// either read exactly or refused.
///
/// The YAML libraries for Swift are not used because they import Foundation, which would make the
/// static server binary several times larger.
///
/// Invariants: `position` never exceeds the end; nesting never exceeds `depthMax`; every loop
/// advances `position` or ends.
package struct ConfigurationParser {
    /// Largest file that is read.
    package static let fileSizeBytesMax = 1 << 20
    /// Deepest nesting of collections.
    static let depthMax = 32

    let bytes: [UInt8]
    var position = 0
    var depth = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Parses a whole file.
    package static func parse(_ bytes: [UInt8]) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        guard bytes.count <= fileSizeBytesMax else {
            throw ConfigurationSyntaxError(line: 1, reason: "file is larger than 1 MiB")
        }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        var parser = ConfigurationParser(hasMark ? Array(bytes.dropFirst(3)) : bytes)
        return try parser.parseDocument()
    }

    /// Parses one flow value, such as a JSON object given in a flag.
    package static func parseFlow(_ text: String) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        var parser = ConfigurationParser(Array(text.utf8))
        parser.skipFlowSpace()
        let node = try parser.parseFlowNode()
        parser.skipFlowSpace()
        guard parser.isAtEnd else { throw parser.error("unexpected text after the value") }
        return node
    }

    private mutating func parseDocument() throws(ConfigurationSyntaxError) -> ConfigurationNode {
        try skipBlankLines()
        if current == UInt8(ascii: "%") { throw error("directives are not supported") }
        if isDocumentMarker(UInt8(ascii: "-")) {
            position += 3
            try skipBlankLines()
        }
        let node = try parseBlockNode(columnMin: 0)
        try skipBlankLines()
        if isDocumentMarker(UInt8(ascii: ".")) {
            position += 3
            try skipBlankLines()
        }
        guard isAtEnd else {
            throw error(
                isDocumentMarker(UInt8(ascii: "-"))
                    ? "only one document is supported" : "unexpected text")
        }
        return node
    }
}

extension ConfigurationParser {
    var isAtEnd: Bool { position >= bytes.count }
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    func byte(after offset: Int) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    /// Distance of `position` from the start of its line, in bytes.
    var column: Int {
        var start = position
        while start > 0, bytes[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        return position - start
    }

    func error(_ reason: String) -> ConfigurationSyntaxError {
        let newlines = bytes[..<min(position, bytes.count)].count { $0 == UInt8(ascii: "\n") }
        return ConfigurationSyntaxError(line: newlines + 1, reason: reason)
    }

    func isSpaceOrEnd(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// `---` or `...` alone at the start of a line.
    func isDocumentMarker(_ mark: UInt8) -> Bool {
        column == 0 && current == mark && byte(after: 1) == mark && byte(after: 2) == mark
            && isSpaceOrEnd(byte(after: 3))
    }

    mutating func skipSpaces() {
        while let byte = current, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    mutating func skipToLineEnd() {
        while let byte = current, byte != 0x0A { position += 1 }
    }

    /// Skips spaces and a comment; returns whether the rest of the line is empty.
    mutating func skipToContent() -> Bool {
        let start = position
        skipSpaces()
        if current == UInt8(ascii: "#"), position > start || column == 0 { skipToLineEnd() }
        return isAtEnd || current == 0x0A || (current == 0x0D && byte(after: 1) == 0x0A)
    }

    /// Skips empty lines and comments, up to the next content.
    mutating func skipBlankLines() throws(ConfigurationSyntaxError) {
        while !isAtEnd {
            guard skipToContent() else { break }
            skipToLineEnd()
            if !isAtEnd { position += 1 }
        }
        if !isAtEnd, indentationHasTab { throw error("a tab may not be used to indent") }
    }

    private var indentationHasTab: Bool {
        let indentation = bytes[(position - column)..<position]
        return indentation.contains(0x09) && indentation.allSatisfy { $0 == 0x09 || $0 == 0x20 }
    }

    /// Runs `body` one level deeper.
    mutating func nested<Value>(
        _ body: (inout ConfigurationParser) throws(ConfigurationSyntaxError) -> Value
    ) throws(ConfigurationSyntaxError) -> Value {
        guard depth < Self.depthMax else { throw error("nested too deeply") }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }
}
