import Disk
import Testing

@testable import etcdutl

/// Live keys are found in a table of any size: a smaller one takes more passes.
@Suite("Live keys of a history")
struct LiveKeysTests {
    private struct Record {
        let key: [UInt8]
        let isDeletion: Bool
    }

    private static func history(seed: UInt64, count: Int) -> [Record] {
        var random = SeededGenerator(seed: seed)
        return (0..<count).map { _ in
            let number = UInt64.random(in: 0..<UInt64(count / 2), using: &random)
            return Record(
                key: Array("key\(number)".utf8),
                isDeletion: UInt8.random(in: 0..<4, using: &random) == 0
            )
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64], [1 << 4, 1 << 8, 1 << 12])
    func areThoseOfADictionary(seed: UInt64, slotsMax: Int) {
        let history = Self.history(seed: seed, count: 2_000)
        var expected: [[UInt8]: UInt64] = [:]
        for (number, record) in history.enumerated() {
            expected[record.key] = record.isDeletion ? nil : UInt64(number)
        }
        var liveKeys = LiveKeys(slotsMax: slotsMax)
        var found: [UInt64] = []
        var passes = 0
        repeat {
            for (number, record) in history.enumerated() {
                record.key.withUnsafeBytes { key in
                    if record.isDeletion {
                        liveKeys.delete(key)
                    } else {
                        liveKeys.put(key, number: UInt64(number))
                    }
                }
            }
            passes += 1
            let before = found.count
            liveKeys.forEachNumber { found.append($0) }
            #expect(found.count - before == liveKeys.count)
        } while liveKeys.beginNextPass()
        #expect(found.sorted() == expected.values.sorted(), "seed \(seed)")
        #expect((passes > 1) == (slotsMax < 1 << 10))
    }

    @Test func aRestartBeginsWithAllKeys() {
        var liveKeys = LiveKeys(slotsMax: 4)
        for _ in 0..<2 {
            liveKeys.restart()
            var count = 0
            repeat {
                for number in 0..<100 as Range<UInt8> {
                    [number].withUnsafeBytes { liveKeys.put($0, number: 0) }
                }
                count += liveKeys.count
            } while liveKeys.beginNextPass()
            #expect(count == 100)
        }
    }
}
