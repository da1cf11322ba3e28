import SwiftProtobuf

@testable import EtcdAPI

/// SplitMix64: the same numbers for the same seed on every machine.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func flip() -> Bool { next() & 1 == 0 }

    /// Zeros, small and large numbers, and the ends of the range.
    mutating func uint64() -> UInt64 {
        switch next() % 6 {
        case 0: 0
        case 1: next() % 128
        case 2: UInt64.max
        case 3: 1 << (next() % 64)
        default: next() >> (next() % 64)
        }
    }

    mutating func int64() -> Int64 { Int64(bitPattern: uint64()) }

    mutating func bytes() -> [UInt8] {
        let longest: UInt64 = next() % 8 == 0 ? 300 : 12
        return (0..<next() % longest).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func text() -> String {
        flip() ? "" : String(repeating: "äb€", count: Int(next() % 9))
    }

    mutating func list<Element>(_ element: (inout SeededRandom) -> Element) -> [Element] {
        (0..<next() % 4).map { _ in element(&self) }
    }

    mutating func maybe<Element>(_ element: (inout SeededRandom) -> Element) -> Element? {
        flip() ? element(&self) : nil
    }
}
