import Disk

extension SeededGenerator {
    mutating func flip() -> Bool { next() & 1 == 0 }

    /// Zeros, small and large numbers, and the limits of the range.
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
        let countMax: UInt64 = next() % 8 == 0 ? 300 : 12
        return (0..<next() % countMax).map { _ in UInt8(truncatingIfNeeded: next()) }
    }

    mutating func text() -> String {
        flip() ? "" : String(repeating: "äb€", count: Int(next() % 9))
    }

    mutating func list<Element>(_ element: (inout SeededGenerator) -> Element) -> [Element] {
        (0..<next() % 4).map { _ in element(&self) }
    }

    mutating func maybe<Element>(_ element: (inout SeededGenerator) -> Element) -> Element? {
        flip() ? element(&self) : nil
    }
}
