/// Replaces strings of a header block (RFC 7541) that are too long for nghttp2. The block stays
/// valid and has the same effect on the decoder's dynamic table.
///
/// Only lengths are read; strings are not decoded. A value that is not added to the table becomes
/// empty, a name becomes `x`. A value that is added is larger than the table in any encoding and
/// thus empties it (section 4.4); its replacement does the same.
enum HeaderBlockShortening {
    /// The longest encoded string that nghttp2 accepts.
    static let stringBytesMax = 65_536
    /// The initial table size, which is never changed by our SETTINGS.
    private static let tableBytes = 4_096

    /// The shortened block; nil when there is nothing to shorten or the block is malformed.
    static func shortened(_ block: [UInt8]) -> [UInt8]? {
        guard block.count > stringBytesMax else { return nil }
        var reader = BlockReader(block)
        while reader.offset < block.count {
            guard reader.readField() else { return nil }
        }
        return reader.finish()
    }

    private struct BlockReader {
        private let block: [UInt8]
        private(set) var offset = 0
        private var output: [UInt8] = []
        /// The part of the block that is in the output.
        private var copied = 0

        init(_ block: [UInt8]) { self.block = block }

        mutating func readField() -> Bool {
            let first = block[offset]
            if first & 0x80 != 0 { return readInteger(prefixBits: 7) != nil }
            if first & 0xE0 == 0x20 { return readInteger(prefixBits: 5) != nil }
            let entersTable = first & 0x40 != 0
            guard let index = readInteger(prefixBits: entersTable ? 6 : 4) else { return false }
            if index == 0, !readString(replacement: [1, UInt8(ascii: "x")]) { return false }
            return readString(replacement: entersTable ? Self.longValue : [0])
        }

        /// A value that is larger than the table and thus empties it.
        private static let longValue: [UInt8] =
            [0x7F, 0x81, 0x1F] + [UInt8](repeating: UInt8(ascii: " "), count: tableBytes)

        private mutating func readString(replacement: [UInt8]) -> Bool {
            let start = offset
            guard offset < block.count, let count = readInteger(prefixBits: 7),
                count <= block.count - offset
            else { return false }
            offset += count
            if count > stringBytesMax {
                output.append(contentsOf: block[copied..<start])
                output.append(contentsOf: replacement)
                copied = offset
            }
            return true
        }

        /// An integer (section 5.1); nil when it is truncated or larger than any block.
        private mutating func readInteger(prefixBits: Int) -> Int? {
            guard offset < block.count else { return nil }
            let prefixMax = (1 << prefixBits) - 1
            var value = Int(block[offset]) & prefixMax
            offset += 1
            guard value == prefixMax else { return value }
            for shift in stride(from: 0, through: 28, by: 7) {
                guard offset < block.count else { return nil }
                let byte = block[offset]
                offset += 1
                value += Int(byte & 0x7F) << shift
                if byte & 0x80 == 0 { return value }
            }
            return nil
        }

        mutating func finish() -> [UInt8]? {
            guard copied > 0 else { return nil }
            output.append(contentsOf: block[copied...])
            return output
        }
    }
}
