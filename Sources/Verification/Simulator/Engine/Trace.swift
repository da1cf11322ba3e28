/// A running hash of all that happens in a run: equal traces mean equal runs (FNV-1a, 64 bits).
struct Trace {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }

    mutating func add(_ word: Int64) { add(UInt64(bitPattern: word)) }

    mutating func add(_ word: Int) { add(UInt64(bitPattern: Int64(word))) }

    mutating func add(_ bytes: [UInt8]) { add(fingerprint(of: bytes)) }
}

/// A hash of bytes that is the same in every process, unlike `Hashable`'s.
func fingerprint(of bytes: [UInt8]) -> UInt64 {
    var value: UInt64 = 0xCBF2_9CE4_8422_2325
    bytes.withUnsafeBytes { memory in
        var place = 0
        while place + 8 <= memory.count {
            value =
                (value ^ memory.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                &* 0x9E37_79B9_7F4A_7C15
            value ^= value >> 32
            place += 8
        }
        while place < memory.count {
            value = (value ^ UInt64(memory[place])) &* 0x0000_0100_0000_01B3
            place += 1
        }
    }
    value ^= UInt64(bytes.count)
    return value ^ (value >> 29)
}
