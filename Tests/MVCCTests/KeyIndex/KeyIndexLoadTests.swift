import Disk
import Identifiers
import Testing

@testable import MVCC

/// Many keys: insertion orders, memory, concurrent readers.
@Suite struct KeyIndexLoadTests {
    enum Order: CaseIterable { case ascending, descending, random }

    static let keyCount = 20_000

    static func key(_ number: Int) -> [UInt8] {
        let digits = String(number)
        let padding = String(repeating: "0", count: 8 - digits.utf8.count)
        return Array("/registry/pods/default/some-pod-\(padding)\(digits)".utf8)
    }

    static func numbers(_ order: Order) -> [Int] {
        var random = SeededGenerator(seed: 5)
        switch order {
        case .ascending: return Array(0..<keyCount)
        case .descending: return (0..<keyCount).reversed()
        case .random: return (0..<keyCount).shuffled(using: &random)
        }
    }

    static func loaded(_ order: Order) throws -> KeyIndex {
        let index = try KeyIndex(reservedBytes: 256 << 20)
        for (position, number) in numbers(order).enumerated() {
            index.put(key(number), RevisionPair(main: Revision(Int64(position + 2))))
        }
        return index
    }

    @Test(arguments: Order.allCases)
    func keysInsertedInAnyOrderAreFoundAndPackedDensely(_ order: Order) throws {
        let index = try Self.loaded(order)
        #expect(index.verify() == [])
        #expect(index.liveKeyCount == Self.keyCount)
        let bytesPerKey = index.sizeBytes / Self.keyCount
        #expect(bytesPerKey <= (order == .ascending ? 50 : 80))
        for number in stride(from: 0, to: Self.keyCount, by: 97) {
            #expect(index.get(Self.key(number))?.version == 1)
        }
        #expect(index.get(Self.key(Self.keyCount)) == nil)
        #expect(index.count(Self.key(100), .key(Self.key(5100))) == 5000)
        #expect(index.count(Self.key(100), .unbounded) == Self.keyCount - 100)
    }

    @Test func memoryOfDeletedKeysIsReturnedAndReused() throws {
        let index = try Self.loaded(.random)
        let sizeBefore = index.sizeBytes
        for number in 0..<Self.keyCount where number % 100 != 0 {
            index.tombstone(
                Self.key(number), RevisionPair(main: Revision(Int64(Self.keyCount + number + 2))))
        }
        _ = index.compactAll(at: Revision(Int64(3 * Self.keyCount)), sliceKeys: 500)
        #expect(index.verify() == [])
        #expect(index.keyCount == Self.keyCount / 100)
        #expect(index.sizeBytes < sizeBefore / 20)
        #expect(index.backedPageBytes < sizeBefore / 20 + 300 * PageArena.pageSizeBytes)
        let after = Revision(Int64(3 * Self.keyCount))
        for number in 0..<Self.keyCount {
            index.put(Self.key(number), RevisionPair(main: after + number + 1))
        }
        #expect(index.verify() == [])
        #expect(index.sizeBytes < sizeBefore * 8 / 5)
        #expect(index.backedPageBytes < sizeBefore * 8 / 5)
    }

    @Test func anEmptiedIndexIsOnePage() throws {
        let index = try Self.loaded(.ascending)
        for number in 0..<Self.keyCount {
            index.tombstone(
                Self.key(number), RevisionPair(main: Revision(Int64(Self.keyCount + number + 2))))
        }
        #expect(index.liveKeyCount == 0)
        #expect(index.range([], .unbounded, limit: 1).hasMore == false)
        _ = index.compactAll(at: Revision(Int64(2 * Self.keyCount + 1)), sliceKeys: 1000)
        #expect(index.keyCount == 1)
        _ = index.compactAll(at: Revision(Int64(2 * Self.keyCount + 2)), sliceKeys: 1000)
        #expect(index.sizeBytes == PageArena.pageSizeBytes)
        #expect(index.verify() == [])
    }

    @Test func aVisitIsResumedFromTheKeyAfterTheLast() throws {
        let index = try Self.loaded(.random)
        var start: [UInt8] = []
        var total = 0
        while true {
            let (found, hasMore) = index.range(start, .unbounded, limit: 777)
            total += found.count
            guard hasMore, let last = found.last else { break }
            start = last.0 + [0]
        }
        #expect(total == Self.keyCount)
    }

    @Test func aVisitEndsWhenTheBodyReturnsFalse() throws {
        let index = try Self.loaded(.ascending)
        var seen = 0
        let result = Self.key(3).withUnsafeBytes { start in
            index.visitLive(from: start, to: .unbounded) { _, _ in
                seen += 1
                return seen < 5
            }
        }
        #expect(result == RangeVisit(visited: 5, hasMore: true))
    }

    @Test func concurrentReadersSeeTheSame() async throws {
        nonisolated(unsafe) let index = try Self.loaded(.random)
        let counts = await withTaskGroup(of: Int.self) { group in
            for reader in 0..<4 {
                group.addTask {
                    var found = 0
                    for number in stride(from: reader, to: Self.keyCount, by: 4) {
                        if index.get(Self.key(number)) != nil { found += 1 }
                    }
                    return found + index.range([], .unbounded).found.count
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [Int](repeating: Self.keyCount / 4 + Self.keyCount, count: 4))
    }
}
