/// The query parameters of a URL in order; a name may occur several times.
///
/// As in Go, pairs with an invalid escape or a semicolon are ignored.
struct QueryString: Sendable {
    private(set) var pairs: [(name: String, value: String)] = []

    init(_ text: some StringProtocol) {
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            guard !pair.contains(UInt8(ascii: ";")) else { continue }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard let name = Self.unescape(pair[..<equals], plusIsSpace: true),
                let value = Self.unescape(pair[equals...].dropFirst(), plusIsSpace: true)
            else { continue }
            pairs.append((name, value))
        }
    }

    func contains(_ name: String) -> Bool { pairs.contains { $0.name == name } }

    func first(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// All nonempty values of a name.
    func values(_ name: String) -> Set<String> {
        Set(pairs.filter { $0.name == name && !$0.value.isEmpty }.map(\.value))
    }

    /// Percent-decodes a text; nil for an escape that is truncated or not hexadecimal.
    static func unescape(_ text: some Sequence<UInt8>, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "+"), plusIsSpace {
                bytes.append(0x20)
            } else if byte != UInt8(ascii: "%") {
                bytes.append(byte)
            } else {
                guard let high = iterator.next().flatMap(digit),
                    let low = iterator.next().flatMap(digit)
                else { return nil }
                bytes.append(high << 4 | low)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
