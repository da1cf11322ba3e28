/// A running hash of all events of a run: equal traces mean equal runs (FNV-1a, 64 bits).
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
        var offset = 0
        while offset + 8 <= memory.count {
            value =
                (value ^ memory.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                &* 0x9E37_79B9_7F4A_7C15
            value ^= value >> 32
            offset += 8
        }
        while offset < memory.count {
            value = (value ^ UInt64(memory[offset])) &* 0x0000_0100_0000_01B3
            offset += 1
        }
    }
    value ^= UInt64(bytes.count)
    return value ^ (value >> 29)
}
