extension ConfigurationParser {
    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    /// A scalar without quotes; YAML's null words give null.
    static func plain(_ text: String) -> ConfigurationNode {
        switch text {
        case "", "~", "null", "Null", "NULL": .null
        default: .scalar(text, isQuoted: false)
        }
    }

    /// A plain scalar and the deeper-indented lines that continue it, joined by spaces.
    mutating func parsePlainLines(parentColumn: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        var joined = try takePlainLine()
        // A comment ends the scalar.
        while current != UInt8(ascii: "#") {
            let saved = position
            try skipBlankLines()
            guard !isAtEnd, column > parentColumn, !isDocumentMarker(UInt8(ascii: "-")),
                !isDocumentMarker(UInt8(ascii: "."))
            else {
                position = saved
                break
            }
            joined += " " + (try takePlainLine())
        }
        if current == UInt8(ascii: "#") { skipToLineEnd() }
        return Self.plain(joined)
    }

    private mutating func takePlainLine() throws(ConfigurationSyntaxError) -> String {
        let start = position
        while let byte = current, byte != 0x0A {
            if byte == UInt8(ascii: "#"), position > start, isSpaceOrEnd(bytes[position - 1]) {
                break
            }
            if byte == UInt8(ascii: ":"), isSpaceOrEnd(self.byte(after: 1)) {
                throw error("mapping values are not allowed here")
            }
            position += 1
        }
        return text(start..<position).trimmingTrailingSpaces()
    }

    /// A single- or double-quoted scalar; line breaks inside fold into one space.
    mutating func parseQuoted() throws(ConfigurationSyntaxError) -> String {
        let quote = current
        position += 1
        var content: [UInt8] = []
        while let byte = current {
            position += 1
            switch byte {
            case quote:
                guard quote == UInt8(ascii: "'"), current == quote else {
                    return String(decoding: content, as: UTF8.self)
                }
                position += 1
                content.append(byte)
            case UInt8(ascii: "\\") where quote == UInt8(ascii: "\""):
                try appendEscape(to: &content)
            case 0x0A:
                foldLineBreak(&content)
            default:
                content.append(byte)
            }
        }
        throw error("a quoted value does not end")
    }

    private mutating func foldLineBreak(_ content: inout [UInt8]) {
        while let last = content.last, isSpaceOrEnd(last), last != 0x0A { content.removeLast() }
        var emptyLines = 0
        while let byte = current, isSpaceOrEnd(byte) {
            if byte == 0x0A { emptyLines += 1 }
            position += 1
        }
        content += emptyLines > 0 ? [UInt8](repeating: 0x0A, count: emptyLines) : [0x20]
    }

    private mutating func appendEscape(to content: inout [UInt8])
        throws(ConfigurationSyntaxError)
    {
        guard let escape = current else { throw error("a quoted value does not end") }
        position += 1
        switch escape {
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "0"): content.append(0x00)
        case UInt8(ascii: "e"): content.append(0x1B)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), 0x20:
            content.append(escape)
        case UInt8(ascii: "x"): try appendScalar(try takeHex(2), to: &content)
        case UInt8(ascii: "u"): try appendUTF16(try takeHex(4), to: &content)
        case UInt8(ascii: "U"): try appendScalar(try takeHex(8), to: &content)
        case 0x0A:
            while let byte = current, byte == 0x20 || byte == 0x09 { position += 1 }
        default: throw error("unknown escape in a quoted value")
        }
    }

    private mutating func takeHex(_ count: Int) throws(ConfigurationSyntaxError) -> UInt32 {
        guard position + count <= bytes.count,
            bytes[position..<position + count].allSatisfy({ $0 != UInt8(ascii: "+") }),
            let value = UInt32(text(position..<position + count), radix: 16)
        else { throw error("bad escape in a quoted value") }
        position += count
        return value
    }

    /// JSON writes characters beyond the basic plane as two escapes.
    private mutating func appendUTF16(_ unit: UInt32, to content: inout [UInt8])
        throws(ConfigurationSyntaxError)
    {
        guard (0xD800..<0xDC00).contains(unit), current == UInt8(ascii: "\\"),
            byte(after: 1) == UInt8(ascii: "u")
        else { return try appendScalar(unit, to: &content) }
        position += 2
        let low = try takeHex(4)
        guard (0xDC00..<0xE000).contains(low) else {
            throw error("bad escape in a quoted value")
        }
        try appendScalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00), to: &content)
    }

    private func appendScalar(_ value: UInt32, to content: inout [UInt8])
        throws(ConfigurationSyntaxError)
    {
        guard let scalar = UnicodeScalar(value) else {
            throw error("bad escape in a quoted value")
        }
        content += Array(String(Character(scalar)).utf8)
    }

    /// A literal (`|`) or folded (`>`) block, with `-` or `+` for its last line breaks.
    mutating func parseBlockScalar(parentColumn: Int) throws(ConfigurationSyntaxError)
        -> ConfigurationNode
    {
        let isFolded = current == UInt8(ascii: ">")
        position += 1
        var chomping: UInt8?
        if current == UInt8(ascii: "-") || current == UInt8(ascii: "+") {
            chomping = current
            position += 1
        }
        guard skipToContent() else { throw error("bad header of a block value") }
        if !isAtEnd {
            skipToLineEnd()
            position = min(position + 1, bytes.count)
        }
        var lines = takeIndentedLines(parentColumn: parentColumn)
        var trailing = 0
        while lines.last == "" {
            lines.removeLast()
            trailing += 1
        }
        var content = isFolded ? Self.folded(lines) : lines.joined(separator: "\n")
        if chomping == UInt8(ascii: "+") {
            content += String(repeating: "\n", count: trailing + (lines.isEmpty ? 0 : 1))
        } else if chomping == nil, !lines.isEmpty {
            content += "\n"
        }
        return .scalar(content, isQuoted: true)
    }

    /// The lines deeper than the parent, without the indentation of the first.
    private mutating func takeIndentedLines(parentColumn: Int) -> [String] {
        var lines: [String] = []
        var indentation: Int?
        while !isAtEnd {
            let start = position
            while current == 0x20 { position += 1 }
            let depth = position - start
            if current == 0x0A || isAtEnd || (current == 0x0D && byte(after: 1) == 0x0A) {
                lines.append("")
            } else if depth <= parentColumn || depth < (indentation ?? 0) {
                position = start
                return lines
            } else {
                let cut = indentation ?? depth
                indentation = cut
                skipToLineEnd()
                lines.append(text((start + cut)..<position).trimmingTrailingReturn())
            }
            skipToLineEnd()
            position = min(position + 1, bytes.count)
        }
        return lines
    }

    private static func folded(_ lines: [String]) -> String {
        var content = ""
        var breaks = 0
        for line in lines {
            if line.isEmpty {
                breaks += 1
                continue
            }
            if !content.isEmpty || breaks > 0 {
                content += breaks == 0 ? " " : String(repeating: "\n", count: breaks)
            }
            content += line
            breaks = 0
        }
        return content
    }
}

extension String {
    func trimmingTrailingSpaces() -> String {
        var view = self[...]
        while let last = view.unicodeScalars.last, " \t\r".unicodeScalars.contains(last) {
            view.unicodeScalars.removeLast()
        }
        return String(view)
    }

    fileprivate func trimmingTrailingReturn() -> String {
        guard unicodeScalars.last == "\r" else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.dropLast()))
    }
}
