/// The keys of one event loop's requests: random, or each once in ascending order.
struct KeySequence: Sendable {
    private let keyCount: Int
    private let isAscending: Bool
    private let stride: Int
    private var next: Int
    private var state: UInt64

    /// Loop `part` of `parts`; ascending keys are distributed round-robin.
    init(keyCount: Int, isAscending: Bool, part: Int, parts: Int, seed: UInt64) {
        self.keyCount = keyCount
        self.isAscending = isAscending
        stride = parts
        next = part
        state = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(part)
    }

    mutating func nextKey() -> Int {
        guard !isAscending else {
            defer { next += stride }
            return next % keyCount
        }
        return Int(nextRandom().multipliedFullWidth(by: UInt64(keyCount)).high)
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private mutating func nextRandom() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
