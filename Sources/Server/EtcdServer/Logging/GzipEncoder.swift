/// Compresses bytes into the gzip format (RFC 1952), piece by piece.
///
/// Repetitions within a piece are found by a hash of three bytes and written with deflate's fixed
/// codes (RFC 1951): enough for log lines, which repeat their keys, and simple enough to be sure of.
struct GzipEncoder {
    private static let matchBytesMin = 4
    private static let matchBytesMax = 258
    private static let distanceMax = 32_768
    private static let hashBits = 15

    private var bits: UInt64 = 0
    private var bitCount: UInt64 = 0
    private var checksum: UInt32 = 0xFFFF_FFFF
    private var inputBytes: UInt32 = 0
    /// What is ready to be written; the caller takes it away.
    private(set) var output: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// Takes away what is ready.
    mutating func takeOutput() -> [UInt8] {
        defer { output.removeAll(keepingCapacity: true) }
        return output
    }

    /// Adds a piece of at most a megabyte as a block of its own.
    mutating func append(_ piece: [UInt8]) {
        guard !piece.isEmpty else { return }
        for byte in piece {
            checksum =
                Self.checksums[Int(UInt8(truncatingIfNeeded: checksum) ^ byte)]
                ^ checksum >> 8
        }
        inputBytes &+= UInt32(truncatingIfNeeded: piece.count)
        put(0b010, 3)
        putMatches(of: piece)
        putSymbol(256)
    }

    /// Ends with an empty last block, the checksum and the size.
    mutating func finish() {
        put(0b011, 3)
        putSymbol(256)
        while bitCount % 8 != 0 { put(0, 1) }
        for value in [~checksum, inputBytes] {
            for shift in stride(from: 0, to: 32, by: 8) {
                put(UInt64(value >> UInt32(shift) & 0xFF), 8)
            }
        }
    }

    private mutating func putMatches(of piece: [UInt8]) {
        var newest = [Int32](repeating: -1, count: 1 << Self.hashBits)
        var place = 0
        while place < piece.count {
            guard place + Self.matchBytesMin <= piece.count else {
                putSymbol(Int(piece[place]))
                place += 1
                continue
            }
            let slot = Self.hash(piece, place)
            let candidate = Int(newest[slot])
            newest[slot] = Int32(truncatingIfNeeded: place)
            let length = Self.matchLength(piece, candidate, place)
            if length >= Self.matchBytesMin {
                putMatch(length: length, distance: place - candidate)
                place += length
            } else {
                putSymbol(Int(piece[place]))
                place += 1
            }
        }
    }

    private static func hash(_ piece: [UInt8], _ place: Int) -> Int {
        let word =
            UInt32(piece[place]) | UInt32(piece[place + 1]) << 8
            | UInt32(piece[place + 2]) << 16 | UInt32(piece[place + 3]) << 24
        return Int((word &* 2_654_435_761) >> UInt32(32 - hashBits))
    }

    /// Equal bytes at two places; 0 when the earlier one is none or too far away.
    private static func matchLength(_ piece: [UInt8], _ earlier: Int, _ place: Int) -> Int {
        guard earlier >= 0, place - earlier <= distanceMax else { return 0 }
        let most = min(matchBytesMax, piece.count - place)
        var length = 0
        while length < most, piece[earlier + length] == piece[place + length] { length += 1 }
        return length
    }

    private mutating func putMatch(length: Int, distance: Int) {
        let (symbol, lengthRest, lengthBits) = Self.place(length, in: Self.lengthBases)
        if length == Self.matchBytesMax {
            putSymbol(285)
        } else {
            putSymbol(257 + symbol)
            put(UInt64(lengthRest), UInt64(lengthBits))
        }
        let (code, distanceRest, distanceBits) = Self.place(distance, in: Self.distanceBases)
        put(Self.reversed(UInt64(code), 5), 5)
        put(UInt64(distanceRest), UInt64(distanceBits))
    }

    /// Which code a number has, and how far it is from the code's least.
    private static func place(
        _ number: Int, in bases: [(least: Int, bits: Int)]
    ) -> (code: Int, rest: Int, bits: Int) {
        let code = (bases.firstIndex { $0.least > number } ?? bases.count) - 1
        return (code, number - bases[code].least, bases[code].bits)
    }

    /// Lengths 3 to 257 by code: four codes for each number of extra bits, but the first eight.
    private static let lengthBases = bases(first: 3, codes: 28, codesForEach: 4)
    private static let distanceBases = bases(first: 1, codes: 30, codesForEach: 2)

    private static func bases(
        first: Int, codes: Int, codesForEach: Int
    ) -> [(least: Int, bits: Int)] {
        var result: [(least: Int, bits: Int)] = []
        var least = first
        for code in 0..<codes {
            let bits = max(0, code / codesForEach - 1)
            result.append((least, bits))
            least += 1 << bits
        }
        return result
    }

    /// A symbol by deflate's fixed code.
    private mutating func putSymbol(_ symbol: Int) {
        let (code, count): (Int, UInt64) =
            switch symbol {
            case 0..<144: (0x30 + symbol, 8)
            case 144..<256: (0x190 + symbol - 144, 9)
            case 256..<280: (symbol - 256, 7)
            default: (0xC0 + symbol - 280, 8)
            }
        put(Self.reversed(UInt64(code), count), count)
    }

    /// Codes begin with their highest bit, everything else with its lowest.
    private static func reversed(_ code: UInt64, _ count: UInt64) -> UInt64 {
        var rest = code
        var result: UInt64 = 0
        for _ in 0..<count {
            result = result << 1 | rest & 1
            rest >>= 1
        }
        return result
    }

    private mutating func put(_ value: UInt64, _ count: UInt64) {
        bits |= value << bitCount
        bitCount += count
        while bitCount >= 8 {
            output.append(UInt8(truncatingIfNeeded: bits))
            bits >>= 8
            bitCount -= 8
        }
    }

    /// CRC-32 of each byte, reflected, polynomial 0xEDB88320.
    private static let checksums: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in
            value & 1 == 0 ? value >> 1 : value >> 1 ^ 0xEDB8_8320
        }
    }
}
