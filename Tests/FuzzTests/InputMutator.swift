import Disk

/// Mutates inputs as a fuzzer does, but deterministically.
struct InputMutator {
    private var generator: SeededGenerator

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func random(count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// The input with one to four changes.
    mutating func mutated(_ input: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0...Int.random(in: 0...3, using: &generator) { change(&bytes) }
        return bytes
    }

    private static let boundaryValues: [UInt8] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF]

    private mutating func change(_ bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return bytes.append(contentsOf: random(count: 4)) }
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 2: bytes[index] = Self.boundaryValues.randomElement(using: &generator) ?? 0
        case 3: bytes.removeSubrange(index...)
        case 4:
            let end = min(index + Int.random(in: 1...16, using: &generator), bytes.count)
            bytes.removeSubrange(index..<end)
        default:
            let end = min(index + Int.random(in: 1...16, using: &generator), bytes.count)
            bytes.insert(contentsOf: bytes[index..<end], at: index)
        }
    }
}
