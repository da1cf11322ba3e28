extension ConfigurationParser {
    /// A value that begins on its own line, indented by `columnMin` or more; null if none is.
    mutating func parseBlockNode(columnMin: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        try skipBlankLines()
        guard !isAtEnd, column >= columnMin, !isAtDocumentBoundary else { return .null }
        let start = column
        if isSequenceEntry {
            return try nested { parser throws(ConfigurationSyntaxError) in
                try parser.parseBlockSequence(column: start)
            }
        }
        if try startsMappingEntry() {
            return try nested { parser throws(ConfigurationSyntaxError) in
                try parser.parseBlockMapping(column: start)
            }
        }
        return try parseInlineNode(parentColumn: columnMin - 1)
    }

    private var isAtDocumentBoundary: Bool {
        isDocumentMarker(UInt8(ascii: "-")) || isDocumentMarker(UInt8(ascii: "."))
    }

    private var isSequenceEntry: Bool {
        current == UInt8(ascii: "-") && isSpaceOrEnd(byte(after: 1))
    }

    /// Whether a key and a colon follow on this line.
    private func startsMappingEntry() throws(ConfigurationSyntaxError) -> Bool {
        if current == UInt8(ascii: "?"), isSpaceOrEnd(byte(after: 1)) {
            throw error("complex keys are not supported")
        }
        if current == UInt8(ascii: "{") || current == UInt8(ascii: "[") { return false }
        guard current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") else {
            return plainKeyEnd != nil
        }
        var probe = self
        _ = try probe.parseQuoted()
        probe.skipSpaces()
        return probe.current == UInt8(ascii: ":") && isSpaceOrEnd(probe.byte(after: 1))
    }

    /// The index of the colon after a plain key, if there is one on this line.
    private var plainKeyEnd: Int? {
        for index in position..<bytes.count {
            switch bytes[index] {
            case 0x0A: return nil
            case UInt8(ascii: ":")
            where isSpaceOrEnd(index + 1 < bytes.count ? bytes[index + 1] : nil):
                return index
            case UInt8(ascii: "#") where index > position && bytes[index - 1] == 0x20:
                return nil
            default: continue
            }
        }
        return nil
    }

    /// A key with the colon after it.
    private mutating func takeKey() throws(ConfigurationSyntaxError) -> String {
        if current == UInt8(ascii: "\"") || current == UInt8(ascii: "'") {
            let key = try parseQuoted()
            skipSpaces()
            guard current == UInt8(ascii: ":"), isSpaceOrEnd(byte(after: 1)) else {
                throw error("expected ':' after the key")
            }
            position += 1
            return key
        }
        guard let end = plainKeyEnd else { throw error("expected 'key: value'") }
        try refuseUnsupported(firstByte: bytes[position])
        let key = text(position..<end).trimmingTrailingSpaces()
        guard !key.isEmpty else { throw error("a key is empty") }
        position = end + 1
        return key
    }

    private mutating func parseBlockMapping(column: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        var entries: [ConfigurationNode.Entry] = []
        while true {
            let key = try takeKey()
            let value = try parseMappingValue(column: column)
            entries.append(.init(key: key, value: value))
            try skipBlankLines()
            guard !isAtEnd, self.column >= column, !isAtDocumentBoundary else { break }
            guard self.column == column, !isSequenceEntry else {
                throw error("wrong indentation")
            }
        }
        return .mapping(entries)
    }

    private mutating func parseMappingValue(column: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        guard skipToContent() else { return try parseInlineNode(parentColumn: column) }
        try skipBlankLines()
        // A sequence may have the same indentation as its key.
        let isSequence = !isAtEnd && self.column == column && isSequenceEntry
        return try parseBlockNode(columnMin: isSequence ? column : column + 1)
    }

    private mutating func parseBlockSequence(column: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        var items: [ConfigurationNode] = []
        while true {
            position += 1
            if skipToContent() {
                items.append(try parseBlockNode(columnMin: column + 1))
            } else if try startsMappingEntry() || isSequenceEntry {
                items.append(try parseBlockNode(columnMin: column + 1))
            } else {
                items.append(try parseInlineNode(parentColumn: column))
            }
            try skipBlankLines()
            guard !isAtEnd, self.column >= column, !isAtDocumentBoundary else { break }
            guard isSequenceEntry, self.column == column else {
                if self.column == column { break }
                throw error("wrong indentation")
            }
        }
        return .sequence(items)
    }

    /// A value that begins at the cursor: flow, quoted, block scalar or plain.
    private mutating func parseInlineNode(parentColumn: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        guard let first = current else { return .null }
        try refuseUnsupported(firstByte: first)
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            let node = try parseFlowNode()
            try expectLineEnd()
            return node
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let text = try parseQuoted()
            try expectLineEnd()
            return .scalar(text, isQuoted: true)
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            return try parseBlockScalar(parentColumn: parentColumn)
        default:
            return try parsePlainLines(parentColumn: parentColumn)
        }
    }

    private mutating func expectLineEnd() throws(ConfigurationSyntaxError) {
        guard skipToContent() else { throw error("unexpected text after the value") }
    }

    func refuseUnsupported(firstByte: UInt8) throws(ConfigurationSyntaxError) {
        switch firstByte {
        case UInt8(ascii: "&"), UInt8(ascii: "*"):
            throw error("anchors and aliases are not supported")
        case UInt8(ascii: "!"):
            throw error("tags are not supported")
        case UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "%"), UInt8(ascii: "]"),
            UInt8(ascii: "}"), UInt8(ascii: ","):
            throw error("a plain value may not begin with '\(Character(UnicodeScalar(firstByte)))'")
        default:
            break
        }
    }
}
