import GoText

/// The value of a registered endpoint, in the form of etcd's resolver:
/// `{"Op":0,"Addr":"127.0.0.1:23790","Metadata":"{\"name\":\"host\"}"}`.
package struct ResolverEntry: Equatable, Sendable {
    package let address: String
    package let name: String

    package init(address: String, name: String) {
        self.address = address
        self.name = name
    }

    var json: String {
        let metadata = "{\"name\":\(name.goJSON)}"
        return "{\"Op\":0,\"Addr\":\(address.goJSON),\"Metadata\":\(metadata.goJSON)}"
    }

    /// nil for a text that has no address, or is not of this form.
    package init?(json: [UInt8]) {
        guard let address = JSONTexts.value(of: "Addr", in: json), !address.isEmpty else {
            return nil
        }
        let metadata = JSONTexts.value(of: "Metadata", in: json) ?? ""
        self.init(
            address: address, name: JSONTexts.value(of: "name", in: Array(metadata.utf8)) ?? "")
    }
}

/// The texts of a flat JSON object.
enum JSONTexts {
    /// The text of this member of the object; nil if it is missing, or if the JSON before it is malformed.
    static func value(of name: String, in json: [UInt8]) -> String? {
        var reader = Reader(json)
        guard reader.take(UInt8(ascii: "{")) else { return nil }
        while let key = reader.string(), reader.take(UInt8(ascii: ":")) {
            reader.skipSpaces()
            if reader.next == UInt8(ascii: "\"") {
                guard let text = reader.string() else { return nil }
                if key == name { return text }
            } else {
                reader.skipScalar()
            }
            guard reader.take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var position = 0

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
        }

        var next: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skipSpaces() {
            while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpaces()
            guard next == byte else { return false }
            position += 1
            return true
        }

        /// A number or a word.
        mutating func skipScalar() {
            while let byte = next, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}") {
                position += 1
            }
        }

        mutating func string() -> String? {
            guard take(UInt8(ascii: "\"")) else { return nil }
            var text: [UInt8] = []
            while let byte = next {
                position += 1
                switch byte {
                case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    guard let scalar = escape() else { return nil }
                    text += Array(String(scalar).utf8)
                default: text.append(byte)
                }
            }
            return nil
        }

        private mutating func escape() -> Unicode.Scalar? {
            guard let byte = next else { return nil }
            position += 1
            switch byte {
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "u"):
                guard bytes.count - position >= 4 else { return nil }
                let digits = String(decoding: bytes[position..<position + 4], as: UTF8.self)
                position += 4
                return UInt32(digits, radix: 16).map { Unicode.Scalar($0) ?? "\u{FFFD}" }
            default: return Unicode.Scalar(byte)
            }
        }
    }
}
