/// Reads a DNS message with bounds checks; nil if the message is too short or malformed.
struct DNSReader {
    private static let nameBytesMax = 255

    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func word() -> UInt16? {
        guard bytes.count - offset >= 2 else { return nil }
        defer { offset += 2 }
        return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
    }

    /// Skips bytes; returns false if there are fewer.
    mutating func skip(_ count: Int) -> Bool {
        guard bytes.count - offset >= count else { return false }
        offset += count
        return true
    }

    /// A name with a dot after each label; the root is a single dot.
    ///
    /// A name may continue at an earlier offset of the message (RFC 1035, section 4.1.4). Each such
    /// pointer must point further back than the previous one, so that the loop terminates.
    mutating func name() -> String? {
        var text: [UInt8] = []
        var position = offset
        var earliest = offset
        var end: Int?
        while true {
            guard position < bytes.count else { return nil }
            let length = bytes[position]
            switch length >> 6 {
            case 0:
                position += 1
                if length == 0 {
                    offset = end ?? position
                    return text.isEmpty ? "." : String(decoding: text, as: UTF8.self)
                }
                guard append(position, Int(length), to: &text) else { return nil }
                position += Int(length)
            case 3:
                guard position + 1 < bytes.count else { return nil }
                if end == nil { end = position + 2 }
                let target = Int(length & 0x3F) << 8 | Int(bytes[position + 1])
                guard target < earliest else { return nil }
                earliest = target
                position = target
            default: return nil
            }
        }
    }

    private func append(_ position: Int, _ length: Int, to text: inout [UInt8]) -> Bool {
        guard bytes.count - position >= length, text.count + length + 1 < Self.nameBytesMax else {
            return false
        }
        let label = bytes[position..<position + length]
        // A dot in a label, or a byte not allowed in host names, would give another name.
        guard label.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: ".") }) else {
            return false
        }
        text.append(contentsOf: label)
        text.append(UInt8(ascii: "."))
        return true
    }
}
