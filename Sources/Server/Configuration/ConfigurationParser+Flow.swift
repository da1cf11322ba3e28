extension ConfigurationParser {
    /// Skips spaces, line breaks and comments inside brackets.
    mutating func skipFlowSpace() {
        while let byte = current {
            if isSpaceOrEnd(byte) {
                position += 1
            } else if byte == UInt8(ascii: "#"), position == 0 || isSpaceOrEnd(bytes[position - 1])
            {
                skipToLineEnd()
            } else {
                return
            }
        }
    }

    /// A value inside brackets, or the brackets themselves.
    mutating func parseFlowNode() throws(ConfigurationSyntaxError) -> ConfigurationNode {
        guard let first = current else { throw error("a value is missing") }
        switch first {
        case UInt8(ascii: "{"):
            return try nested { parser throws(ConfigurationSyntaxError) in
                try parser.parseFlowMapping()
            }
        case UInt8(ascii: "["):
            return try nested { parser throws(ConfigurationSyntaxError) in
                try parser.parseFlowSequence()
            }
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            return .scalar(try parseQuoted(), isQuoted: true)
        default:
            try refuseUnsupported(firstByte: first)
            return Self.plain(takeFlowPlain())
        }
    }

    private mutating func parseFlowSequence() throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        position += 1
        var items: [ConfigurationNode] = []
        while true {
            skipFlowSpace()
            if current == UInt8(ascii: "]") { break }
            items.append(try parseFlowNode())
            skipFlowSpace()
            guard current == UInt8(ascii: ",") else { break }
            position += 1
        }
        guard current == UInt8(ascii: "]") else { throw error("expected ',' or ']'") }
        position += 1
        return .sequence(items)
    }

    private mutating func parseFlowMapping() throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        position += 1
        var entries: [ConfigurationNode.Entry] = []
        while true {
            skipFlowSpace()
            if current == UInt8(ascii: "}") { break }
            entries.append(try parseFlowEntry())
            skipFlowSpace()
            guard current == UInt8(ascii: ",") else { break }
            position += 1
        }
        guard current == UInt8(ascii: "}") else { throw error("expected ',' or '}'") }
        position += 1
        return .mapping(entries)
    }

    private mutating func parseFlowEntry() throws(ConfigurationSyntaxError)
        -> ConfigurationNode.Entry
    {
        let isQuoted = current == UInt8(ascii: "\"") || current == UInt8(ascii: "'")
        let key = isQuoted ? try parseQuoted() : takeFlowPlain()
        guard isQuoted || !key.isEmpty else { throw error("expected a key") }
        skipFlowSpace()
        guard current == UInt8(ascii: ":") else { throw error("expected ':' after the key") }
        position += 1
        skipFlowSpace()
        if current == UInt8(ascii: ",") || current == UInt8(ascii: "}") {
            return .init(key: key, value: .null)
        }
        return .init(key: key, value: try parseFlowNode())
    }

    /// A plain scalar inside brackets, up to a comma, a bracket, a comment or `: `.
    private mutating func takeFlowPlain() -> String {
        let start = position
        while let byte = current, byte != 0x0A {
            if ",[]{}".utf8.contains(byte) { break }
            if byte == UInt8(ascii: "#"), position > start, isSpaceOrEnd(bytes[position - 1]) {
                break
            }
            if byte == UInt8(ascii: ":") {
                let next = self.byte(after: 1)
                if isSpaceOrEnd(next) || next.map({ ",[]{}".utf8.contains($0) }) == true { break }
            }
            position += 1
        }
        return text(start..<position).trimmingTrailingSpaces()
    }
}
