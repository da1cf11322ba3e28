import Disk
import Identifiers
import Testing

@testable import MVCC

/// Random histories: compares the index with the plain model.
@Suite struct KeyIndexModelTests {
    /// The form of a history's keys.
    enum KeyStyle: CaseIterable {
        case short, binary, sharedPrefixes, long, longShared
    }

    static func key(_ style: KeyStyle, _ random: inout SeededGenerator) -> [UInt8] {
        switch style {
        case .short:
            return Array("k\(random.uniform(300))".utf8)
        case .binary:
            let alphabet: [UInt8] = [0x00, 0x01, 0xFF, 0x61]
            return (0..<random.uniform(7)).map { _ in alphabet[random.uniform(4)] }
        case .sharedPrefixes:
            let group = ["/registry/pods/", "/registry/pods", "/registry/events/default/"]
            return Array((group[random.uniform(3)] + "\(random.uniform(400))").utf8)
        case .long:
            let length = [3, 400, 511, 512, 513, 700, 1500, 5000][random.uniform(8)]
            var key = [UInt8](repeating: UInt8(97 + random.uniform(3)), count: length)
            key[random.uniform(min(length, 3))] = UInt8(random.uniform(12))
            key[length - 1] = UInt8(random.uniform(6))
            return key
        case .longShared:
            let length = 600 + random.uniform(3)
            var key = [UInt8](repeating: 7, count: length)
            key[length - 2] = UInt8(random.uniform(2)) * 255
            key[length - 1] = UInt8(random.uniform(120))
            if random.uniform(3) == 0 { key.removeLast(random.uniform(590)) }
            return key
        }
    }

    @Test(arguments: KeyStyle.allCases, [UInt64(1), 2, 3])
    func readsMatchTheModel(_ style: KeyStyle, seed: UInt64) throws {
        var history = try RandomHistory(style: style, seed: seed)
        for _ in 0..<800 { history.step() }
        history.checkAll()
    }
}

/// A history applied to both the index and the model.
private struct RandomHistory {
    let style: KeyIndexModelTests.KeyStyle
    let seed: UInt64
    var random: SeededGenerator
    let index: KeyIndex
    var model = ModelIndex()
    var current: Revision = 1
    var compacted: Revision = 0

    init(style: KeyIndexModelTests.KeyStyle, seed: UInt64) throws {
        index = try KeyIndex(reservedBytes: 1 << 30)
        self.style = style
        self.seed = seed
        random = SeededGenerator(seed: seed)
    }

    mutating func key() -> [UInt8] { KeyIndexModelTests.key(style, &random) }

    mutating func end() -> ModelEnd {
        switch random.uniform(4) {
        case 0: .single
        case 1: .unbounded
        default: .key(key())
        }
    }

    mutating func main() -> Revision {
        compacted + random.uniform(current - compacted + 2)
    }

    mutating func step() {
        switch random.uniform(100) {
        case 0..<60: transaction()
        case 60..<62: deleteMany()
        case 62..<64: compact()
        case 64..<66: checkAll()
        default: checkOne()
        }
    }

    mutating func transaction() {
        let main = current.next
        var sub: Int64 = 0
        for _ in 0..<(1 + random.uniform(4)) {
            let key = key()
            let revision = RevisionPair(main: main, sub: sub)
            if random.uniform(4) == 0 {
                let expected = model.tombstone(key, at: revision)
                #expect(index.tombstone(key, revision) == expected)
                if expected == nil { continue }
            } else {
                #expect(index.put(key, revision) == model.put(key, at: revision))
            }
            sub += 1
            current = main
        }
    }

    mutating func deleteMany() {
        let start = key()
        let end = end()
        let main = current.next
        var sub: Int64 = 0
        for (key, record) in model.range(start, end, at: .max) {
            let revision = RevisionPair(main: main, sub: sub)
            #expect(index.tombstone(key, revision) == record)
            _ = model.tombstone(key, at: revision)
            sub += 1
            current = main
        }
    }

    mutating func compact() {
        guard current > compacted else { return }
        let target =
            random.uniform(3) == 0
            ? current : compacted.next + random.uniform(current - compacted)
        var expected = model
        let expectedKept = expected.compact(at: target)
        var kept: [RevisionPair] = []
        var cursor: [UInt8]?
        let hashed = model.kept(at: target)
        repeat {
            cursor = index.compact(
                at: target, from: cursor, sliceKeys: 1 + random.uniform(80)
            ) { kept.append($0) }
            #expect(keptByIndex(at: target) == hashed)
            if cursor != nil { checkPoints(at: max(target, main())) }
        } while cursor != nil
        #expect(Set(kept) == expectedKept)
        #expect(kept.count == expectedKept.count)
        model = expected
        compacted = target
        checkAll()
    }

    func keptByIndex(at main: Revision) -> Set<RevisionPair> {
        var kept = Set<RevisionPair>()
        index.visitKept(at: main) { kept.insert($0) }
        return kept
    }

    mutating func checkPoints(at main: Revision) {
        for _ in 0..<3 {
            let key = key()
            #expect(index.get(key, main) == model.get(key, at: main))
        }
    }

    mutating func checkOne() {
        let start = key()
        let end = end()
        let main = random.uniform(3) == 0 ? current : main()
        let limit = random.uniform(3) == 0 ? 0 : random.uniform(20)
        let expected = model.range(start, end, at: main)
        let result = index.range(start, end, main, limit: limit)
        let cut = limit == 0 ? expected[...] : expected.prefix(limit)
        let isEqual = cut.elementsEqual(result.found) { $0 == $1 }
        #expect(isEqual, "\(start) to \(end) at \(main), seed \(seed)")
        #expect(result.hasMore == (cut.count < expected.count))
        #expect(index.count(start, end, main) == expected.count)
        if case .single = end {
        } else {
            let entries = 1 + random.uniform(12)
            #expect(index.count(start, end, main, entries: entries) == expected.count)
            let ascending = index.ascending(start, end, main, entries: entries)
            #expect(ascending.elementsEqual(expected) { $0 == $1 }, "seed \(seed)")
            let descending = index.descending(start, end, main, entries: entries)
            #expect(descending.elementsEqual(expected.reversed()) { $0 == $1 }, "seed \(seed)")
        }
        #expect(index.get(start, main) == model.get(start, at: main))
        let change = start.withUnsafeBytes { index.change(of: $0, at: main) }
        #expect(change?.modified == model.change(of: start, at: main)?.revision)
    }

    func checkAll() {
        #expect(index.verify() == [])
        #expect(index.keyCount == model.changes.count)
        #expect(index.liveKeyCount == model.liveKeyCount)
        for main in [compacted, compacted + (current - compacted) / 2, current] {
            let expected = model.range([], .unbounded, at: main)
            let result = index.range([], .unbounded, main)
            let isEqual = expected.elementsEqual(result.found) { $0 == $1 }
            #expect(isEqual, "all keys at \(main), seed \(seed)")
        }
    }
}
