/// Takes the contents of too long strings out of a header block (RFC 7541), which stays valid and
/// leaves the decoder's table as the whole block would.
///
/// Only lengths are read; strings are not decoded. A value that does not enter the table becomes
/// empty, a name becomes `x`. One that enters it is longer than the table however it is encoded,
/// and so empties it (section 4.4); what stands in its place does the same.
enum HeaderBlockShortening {
    /// The longest encoded string that nghttp2 takes.
    static let stringBytesMax = 65_536
    /// The size of the table that both sides begin with, and that we never announce otherwise.
    private static let tableBytes = 4_096

    /// The block with short strings; nil where nothing is to be done or the block is malformed.
    static func shortened(_ block: [UInt8]) -> [UInt8]? {
        guard block.count > stringBytesMax else { return nil }
        var reader = BlockReader(block)
        while reader.place < block.count {
            guard reader.readField() else { return nil }
        }
        return reader.finish()
    }

    private struct BlockReader {
        private let block: [UInt8]
        private(set) var place = 0
        private var output: [UInt8] = []
        /// Up to where the block is in the output.
        private var copied = 0

        init(_ block: [UInt8]) { self.block = block }

        mutating func readField() -> Bool {
            let first = block[place]
            if first & 0x80 != 0 { return readInteger(prefixBits: 7) != nil }
            if first & 0xE0 == 0x20 { return readInteger(prefixBits: 5) != nil }
            let entersTable = first & 0x40 != 0
            guard let index = readInteger(prefixBits: entersTable ? 6 : 4) else { return false }
            if index == 0, !readString(instead: [1, UInt8(ascii: "x")]) { return false }
            return readString(instead: entersTable ? Self.longValue : [0])
        }

        /// Empties the table as the value did in whose place it stands.
        private static let longValue: [UInt8] =
            [0x7F, 0x81, 0x1F] + [UInt8](repeating: UInt8(ascii: " "), count: tableBytes)

        private mutating func readString(instead: [UInt8]) -> Bool {
            let start = place
            guard place < block.count, let count = readInteger(prefixBits: 7),
                count <= block.count - place
            else { return false }
            place += count
            if count > stringBytesMax {
                output.append(contentsOf: block[copied..<start])
                output.append(contentsOf: instead)
                copied = place
            }
            return true
        }

        /// An integer of section 5.1; nil when it is cut off or larger than any block.
        private mutating func readInteger(prefixBits: Int) -> Int? {
            guard place < block.count else { return nil }
            let most = (1 << prefixBits) - 1
            var value = Int(block[place]) & most
            place += 1
            guard value == most else { return value }
            for shift in stride(from: 0, through: 28, by: 7) {
                guard place < block.count else { return nil }
                let byte = block[place]
                place += 1
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
