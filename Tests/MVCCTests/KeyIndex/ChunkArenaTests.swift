import Testing

@testable import MVCC

@Suite struct ChunkArenaTests {
    @Test func sizeClassesHoldTheirPayload() {
        for payload in [0, 1, 24, 25, 56, 57, 4088, 4089, 1 << 20] {
            let sizeClass = ChunkArena.sizeClass(forPayload: payload)
            #expect(ChunkArena.sizeBytes(ofClass: sizeClass) >= payload + ChunkArena.headerBytes)
            if sizeClass > 0 {
                #expect(ChunkArena.sizeBytes(ofClass: sizeClass - 1) < payload + 8)
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func chunksNeverOverlapAndFreedSpaceServesOtherSizes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var arena = ChunkArena(reservedBytes: 64 << 20)
        var used: [UInt32: Int] = [:]
        for _ in 0..<20_000 {
            if random.below(100) < 52 || used.isEmpty {
                let sizeClass = random.below(100) == 0 ? random.below(13) : random.below(5)
                let chunk = arena.allocate(sizeClass: sizeClass)
                #expect(used.updateValue(sizeClass, forKey: chunk) == nil)
            } else if let (chunk, _) = used.randomElement(using: &random) {
                arena.free(chunk)
                used[chunk] = nil
            }
        }
        let ordered = used.sorted { $0.key < $1.key }
        for (before, after) in zip(ordered, ordered.dropFirst()) {
            #expect(before.key + UInt32(1) << UInt32(before.value) <= after.key, "seed \(seed)")
        }
        #expect(arena.usedBytes == used.values.reduce(0) { $0 + ChunkArena.sizeBytes(ofClass: $1) })
        for (chunk, _) in ordered { arena.free(chunk) }
        #expect(arena.usedBytes == 0)
        let large = arena.allocate(sizeClass: 12)
        #expect(large <= (ordered.last?.key ?? 0) + 1 << 12, "joined chunks serve a large one")
    }

    @Test func aFreedLargeChunkReadsAsZeroBehindItsFirstPage() {
        var arena = ChunkArena(reservedBytes: 64 << 20)
        let chunk = arena.allocate(sizeClass: 12)
        let last = arena.base + Int(chunk) * ChunkArena.unitBytes + (32 << 12) - 1
        last.storeBytes(of: 9, as: UInt8.self)
        arena.free(chunk)
        #expect(last.load(as: UInt8.self) == 0)
    }
}
