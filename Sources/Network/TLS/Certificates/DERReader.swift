/// Reads the elements of DER one after the other. Each read leaves the reader where it was when the
/// next element is not what was asked for, is longer than the input, or is not in the shortest form.
struct DERReader {
    /// What is not read yet.
    private(set) var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// One element: the whole of it, and its content.
    struct Element {
        var tag: DERTag
        var whole: ArraySlice<UInt8>
        var content: ArraySlice<UInt8>
    }

    func isNext(_ tag: DERTag) -> Bool {
        bytes.first == tag.rawValue
    }

    /// The next element, of any tag with a number below 31.
    mutating func readAny() -> Element? {
        guard let element = next() else { return nil }
        bytes = bytes[element.whole.endIndex...]
        return element
    }

    mutating func readElement(_ tag: DERTag) -> Element? {
        isNext(tag) ? readAny() : nil
    }

    /// A reader of the content of the next element.
    mutating func read(_ tag: DERTag) -> DERReader? {
        readElement(tag).map { DERReader($0.content) }
    }

    enum Optionally<Value> {
        case absent
        case malformed
        case present(Value)
    }

    /// A reader of the content of the next element if it has this tag.
    mutating func readOptional(_ tag: DERTag) -> Optionally<DERReader> {
        guard isNext(tag) else { return .absent }
        return read(tag).map { .present($0) } ?? .malformed
    }

    private func next() -> Element? {
        guard bytes.count >= 2, let first = bytes.first, first & 0x1f != 0x1f else { return nil }
        let start = bytes.startIndex
        let short = bytes[start + 1]
        var headerLength = 2
        var length = Int(short)
        if short & 0x80 != 0 {
            let lengthBytes = Int(short & 0x7f)
            guard (1...4).contains(lengthBytes), bytes.count >= 2 + lengthBytes else { return nil }
            length = bytes[(start + 2)..<(start + 2 + lengthBytes)].reduce(0) { $0 << 8 | Int($1) }
            guard length >= 128, length >> ((lengthBytes - 1) * 8) != 0 else { return nil }
            headerLength += lengthBytes
        }
        guard length <= bytes.count - headerLength else { return nil }
        let content = start + headerLength
        return Element(
            tag: DERTag(rawValue: first), whole: bytes[start..<(content + length)],
            content: bytes[content..<(content + length)])
    }
}
