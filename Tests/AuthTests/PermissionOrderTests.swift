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
}
