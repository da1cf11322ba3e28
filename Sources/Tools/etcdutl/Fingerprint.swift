/// A 128-bit hash that identifies a key within one run of the program: collisions are too unlikely to
/// occur.
struct Fingerprint: Equatable {
    let high: UInt64
    let low: UInt64

    /// Hashes with the process's random seed, so that nobody can choose keys with equal ones.
    init(of key: UnsafeRawBufferPointer) {
        var first = Hasher()
        first.combine(1 as UInt8)
        first.combine(bytes: key)
        var second = Hasher()
        second.combine(2 as UInt8)
        second.combine(bytes: key)
        high = UInt64(bitPattern: Int64(first.finalize()))
        // The lowest bit marks a slot in use.
        low = UInt64(bitPattern: Int64(second.finalize())) | 1
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An unused slot.
    static let none = Fingerprint(high: 0, low: 0)
}

/// A part of all keys: those whose fingerprints begin with some bits.
struct KeyPartition: Equatable {
    let bits: UInt64
    let prefix: UInt64

    /// All keys.
    static let all = KeyPartition(bits: 0, prefix: 0)

    func contains(_ fingerprint: Fingerprint) -> Bool {
        bits == 0 || fingerprint.high >> (64 - bits) == prefix
    }

    var halves: (KeyPartition, KeyPartition) {
        (
            KeyPartition(bits: bits + 1, prefix: prefix << 1),
            KeyPartition(bits: bits + 1, prefix: prefix << 1 | 1)
        )
    }
}
