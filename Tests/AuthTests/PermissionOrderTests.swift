import Disk
import EtcdAPI
import Testing

@testable import Auth

@Suite("The order of a role's permissions")
struct PermissionOrderTests {
    /// Permissions of these keys, distinguished by their kinds.
    private func permissions(_ keys: [Int]) -> [AuthPermission] {
        keys.enumerated().map { index, key in
            AuthPermission(.init(rawValue: Int32(index)), key: [UInt8(key)])
        }
    }

    private func order(_ keys: [Int]) -> [Int] {
        PermissionOrder.sorted(permissions(keys)).map { Int($0.kind.rawValue) }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func anyPermissionsAreSorted(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let count = Int.random(in: 0...300, using: &generator)
        let keyMax = Int.random(in: 1...200, using: &generator)
        let keys = (0..<count).map { _ in Int.random(in: 0...keyMax, using: &generator) }
        let sorted = order(keys)
        #expect(Set(sorted) == Set(0..<count), "seed \(seed)")
        #expect(sorted.map { keys[$0] } == keys.sorted(), "seed \(seed)")
    }

    @Test(arguments: [Array(0..<200), Array((0..<200).reversed()), [Int](repeating: 1, count: 200)])
    func patternsAreSorted(keys: [Int]) {
        #expect(order(keys).map { keys[$0] } == keys.sorted())
    }

    /// With up to 12 permissions the added one follows those of its key.
    @Test(arguments: 1...12)
    func fewAreStable(count: Int) {
        for added in 0..<count {
            let keys = Array(0..<count - 1) + [added]
            let expected = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
            #expect(order(keys) == expected)
        }
        #expect(order([Int](repeating: 1, count: count)) == Array(0..<count))
    }

    /// With 50 and more as well, since the others are in order.
    @Test func manyAreStable() {
        for added in 0..<60 {
            let keys = (0..<60).map { $0 / 2 * 2 } + [added]
            let expected = keys.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
            #expect(order(keys) == expected)
        }
    }

    /// Between them a partition swaps the pivot, here the seventh, with the first, and the added
    /// lowest one with the eighth, which then follows the ninth.
    @Test func thirteenAreNotStable() {
        let keys = [1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 10, 11, 0]
        #expect(order(keys) == [12, 0, 1, 2, 3, 4, 5, 6, 8, 7, 9, 10, 11])
    }

    /// The orders that Go's `sort.Sort` gives to the same 2,000 random lists, as a digest.
    @Test func randomListsAreOrderedAsInGo() {
        var digest = OrderDigest(seed: 7)
        for _ in 0..<2_000 {
            let (count, keys) = (1 + digest.draw(200), 1 + digest.draw(30))
            digest.combine(order((0..<count).map { _ in digest.draw(keys) }))
        }
        #expect(digest.value == 2_610_206_659_173_035_016)
    }

    /// The orders after each of 100 grants to 50 roles, sorted by Go after each.
    @Test func grantedPermissionsAreOrderedAsInGo() {
        var digest = OrderDigest(seed: 8)
        for _ in 0..<50 {
            let keys = 1 + digest.draw(12)
            var granted: [(key: Int, number: Int)] = []
            for number in 0..<100 {
                granted.append((digest.draw(keys), number))
                granted = order(granted.map(\.key)).map { granted[$0] }
                digest.combine(granted.map(\.number))
            }
        }
        #expect(digest.value == 11_841_326_237_306_382_781)
    }
}

/// A digest of orders (FNV-1a), and the random numbers of the lists: a linear congruential generator,
/// easily written in any language.
private struct OrderDigest {
    private var state: UInt64
    private(set) var value: UInt64 = 14_695_981_039_346_656_037

    init(seed: UInt64) { state = seed }

    mutating func draw(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }

    mutating func combine(_ order: [Int]) {
        for index in order { value = (value ^ UInt64(index)) &* 1_099_511_628_211 }
    }
}
