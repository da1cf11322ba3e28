import Disk
import Testing

@testable import MVCC

@Suite struct ChunkArenaTests {
    /// All size classes: one unit, two, three, quarter steps from four on, none from 256 KiB on.
    static let classes = [0, 4, 6] + Array(8...56) + [60, 64]

    @Test func sizeClassesAreAQuarterApart() {
        let units = Self.classes.prefix(12).map(ChunkArena.units(ofClass:))
        #expect(units == [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16])
        for (lower, upper) in zip(Self.classes, Self.classes.dropFirst()) {
            let most = ChunkArena.sizeBytes(ofClass: lower) - ChunkArena.headerBytes
            #expect(ChunkArena.sizeClass(forPayload: most) == lower)
            #expect(ChunkArena.sizeClass(forPayload: most + 1) == upper)
        }
        #expect(ChunkArena.sizeClass(forPayload: 0) == 0)
    }

    /// An eighth more for the step between classes, a sixteenth for the end of a slab.
    @Test(arguments: [513, 600, 1_100, 2_050, 4_090, 10_000, 40_000, 200_000])
    func manyChunksOfALongKeyTakeAQuarterMore(bytes: Int) throws {
        var arena = try ChunkArena(reservedBytes: 64 << 20)
        for _ in 0..<120 { _ = arena.allocate(sizeClass: ChunkArena.sizeClass(forPayload: bytes)) }
        #expect(arena.usedBytes <= 120 * (bytes * 5 / 4 + ChunkArena.unitBytes))
        #expect(arena.takenBytes <= arena.usedBytes * 5 / 4)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func chunksNeverOverlapAndFreedSpaceServesOtherSizes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var arena = try ChunkArena(reservedBytes: 64 << 20)
        var used: [UInt32: Int] = [:]
        for _ in 0..<20_000 {
            if random.uniform(100) < 52 || used.isEmpty {
                let isLarge = random.uniform(100) == 0
                let size = random.uniform(isLarge ? 1 << 17 : 1 << 9)
                let sizeClass = ChunkArena.sizeClass(forPayload: size)
                let chunk = arena.allocate(sizeClass: sizeClass)
                fill(arena, chunk, sizeClass)
                #expect(used.updateValue(sizeClass, forKey: chunk) == nil)
            } else if let (chunk, sizeClass) = used.randomElement(using: &random) {
                #expect(isFilled(arena, chunk, sizeClass), "seed \(seed)")
                arena.free(chunk)
                used[chunk] = nil
            }
        }
        let ordered = used.sorted { $0.key < $1.key }
        for (before, after) in zip(ordered, ordered.dropFirst()) {
            let end = Int(before.key) + ChunkArena.units(ofClass: before.value)
            #expect(end <= Int(after.key), "seed \(seed)")
        }
        #expect(arena.usedBytes == used.values.reduce(0) { $0 + ChunkArena.sizeBytes(ofClass: $1) })
        for (chunk, sizeClass) in ordered {
            #expect(isFilled(arena, chunk, sizeClass), "seed \(seed)")
            arena.free(chunk)
        }
        #expect(arena.usedBytes == 0 && arena.takenBytes == 0)
        let large = arena.allocate(sizeClass: 4 * 12)
        #expect(large <= (ordered.last?.key ?? 0) + 1 << 12, "merged chunks serve a large one")
    }

    @Test func aFreedLargeChunkReadsAsZeroAfterItsFirstPage() throws {
        var arena = try ChunkArena(reservedBytes: 64 << 20)
        let chunk = arena.allocate(sizeClass: 4 * 12)
        let last = arena.base + Int(chunk) * ChunkArena.unitBytes + (32 << 12) - 1
        last.storeBytes(of: 9, as: UInt8.self)
        arena.free(chunk)
        #expect(last.load(as: UInt8.self) == 0)
    }

    @Test func capacityIsReportedExactly() throws {
        var arena = try ChunkArena(reservedBytes: 64 << 20)
        var chunks: [UInt32] = []
        while arena.hasCapacity(order: 17) { chunks.append(arena.allocate(sizeClass: 4 * 17)) }
        #expect(chunks.count == 15 && arena.hasCapacity(order: 16))
        #expect(!arena.hasCapacity(units: 1 << 17))
        arena.free(chunks.removeLast())
        #expect(arena.hasCapacity(order: 17) && arena.hasCapacity(units: 1 << 17))
        #expect(!arena.hasCapacity(order: 18))
        _ = arena.allocate(sizeClass: 4 * 17)
    }

    /// Marks a chunk's payload with its own number.
    private func fill(_ arena: ChunkArena, _ chunk: UInt32, _ sizeClass: Int) {
        let payload = payload(arena, chunk, sizeClass)
        for word in payload.indices { payload[word] = chunk }
    }

    private func isFilled(_ arena: ChunkArena, _ chunk: UInt32, _ sizeClass: Int) -> Bool {
        payload(arena, chunk, sizeClass).allSatisfy { $0 == chunk }
    }

    private func payload(
        _ arena: ChunkArena, _ chunk: UInt32, _ sizeClass: Int
    ) -> UnsafeMutableBufferPointer<UInt32> {
        let start = arena.base + Int(chunk) * ChunkArena.unitBytes + ChunkArena.headerBytes
        let size = ChunkArena.sizeBytes(ofClass: sizeClass) - ChunkArena.headerBytes
        return UnsafeMutableRawBufferPointer(start: start, count: size).bindMemory(to: UInt32.self)
    }
}
