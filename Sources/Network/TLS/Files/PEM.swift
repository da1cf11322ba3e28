internal import Base64

/// PEM as Go reads it: text around the blocks is skipped, and so are blocks that are broken.
struct PEM {
    struct Block: Hashable {
        /// `CERTIFICATE`.
        var type: String
        /// There are header lines, for example of an encrypted key.
        var hasHeaders: Bool
        var content: [UInt8]
    }

    /// The blocks of a file, in order.
    static func blocks(_ bytes: [UInt8]) -> [Block] {
        var reader = PEM(rest: bytes[...])
        var blocks: [Block] = []
        while let block = reader.next() { blocks.append(block) }
        return blocks
    }

    /// Always begins where a line does.
    private var rest: ArraySlice<UInt8>

    private init(rest: ArraySlice<UInt8>) {
        self.rest = rest
    }

    private static let begin = Array("-----BEGIN ".utf8)
    private static let end = Array("-----END ".utf8)
    private static let dashes = Array("-----".utf8)
    private static let newline = UInt8(ascii: "\n")

    private mutating func next() -> Block? {
        while skipToBegin() {
            let line = Self.takeLine(&rest)
            guard line.suffix(Self.dashes.count).elementsEqual(Self.dashes) else { continue }
            let type = line.dropLast(Self.dashes.count)
            if let block = block(type) { return block }
        }
        return nil
    }

    /// Moves behind the next `-----BEGIN ` at the start of a line.
    private mutating func skipToBegin() -> Bool {
        while !rest.isEmpty {
            if rest.starts(with: Self.begin) {
                rest = rest.dropFirst(Self.begin.count)
                return true
            }
            guard let newline = rest.firstIndex(of: Self.newline) else {
                rest = []
                return false
            }
            rest = rest[(newline + 1)...]
        }
        return false
    }

    /// The block whose first line is read; nil if it is broken, and the search goes on behind its
    /// header lines.
    private mutating func block(_ type: ArraySlice<UInt8>) -> Block? {
        var hasHeaders = false
        while true {
            guard !rest.isEmpty else { return nil }
            var afterLine = rest
            guard Self.takeLine(&afterLine).contains(UInt8(ascii: ":")) else { break }
            hasHeaders = true
            rest = afterLine
        }
        guard let end = endLine(hasHeaders: hasHeaders) else { return nil }
        var trailer = rest[(end + Self.end.count)...]
        guard trailer.starts(with: type) else { return nil }
        trailer = trailer.dropFirst(type.count)
        guard trailer.starts(with: Self.dashes) else { return nil }
        trailer = trailer.dropFirst(Self.dashes.count)
        guard Self.takeLine(&trailer).isEmpty,
            let content = Base64.decode(rest[..<end], skipsBlanks: true)
        else { return nil }
        rest = trailer
        return Block(
            type: String(decoding: type, as: UTF8.self), hasHeaders: hasHeaders, content: content)
    }

    /// The first line that begins with `-----END `; the first of all only without headers.
    private func endLine(hasHeaders: Bool) -> Int? {
        if !hasHeaders, rest.starts(with: Self.end) { return rest.startIndex }
        var line = rest
        while let newline = line.firstIndex(of: Self.newline) {
            line = line[(newline + 1)...]
            if line.starts(with: Self.end) { return line.startIndex }
        }
        return nil
    }

    /// One line without its end and without blanks at the end.
    private static func takeLine(_ bytes: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = bytes
        if let newline = bytes.firstIndex(of: Self.newline) {
            line = bytes[..<newline]
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            bytes = bytes[(newline + 1)...]
        } else {
            bytes = []
        }
        while let last = line.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") {
            line = line.dropLast()
        }
        return line
    }
}
