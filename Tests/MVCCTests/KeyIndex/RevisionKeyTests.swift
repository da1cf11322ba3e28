import Disk
import Identifiers
import Testing

@testable import MVCC

@Suite struct RevisionKeyTests {
    func decode(_ bytes: [UInt8]) -> RevisionKey? {
        bytes.withUnsafeBytes { RevisionKey(decoding: $0) }
    }

    @Test func aPlainRevisionTakes17BytesBigEndian() {
        let key = RevisionKey(RevisionPair(main: 0x0102, sub: 3))
        #expect(key.encoded == [0, 0, 0, 0, 0, 0, 1, 2, 0x5F, 0, 0, 0, 0, 0, 0, 0, 3])
        #expect(decode(key.encoded) == key)
    }

    @Test func aTombstoneAppendsItsMark() {
        let key = RevisionKey(RevisionPair(main: .max, sub: .max), isTombstone: true)
        #expect(key.encoded.count == 18)
        #expect(key.encoded.last == 0x74)
        #expect(decode(key.encoded) == key)
    }

    @Test func otherLengthsSeparatorsAndNegativeNumbersAreRejected() {
        let good = RevisionKey(RevisionPair(main: 7, sub: 1)).encoded
        #expect(decode([]) == nil)
        #expect(decode(Array(good.dropLast())) == nil)
        #expect(decode(good + [0x74, 0x74]) == nil)
        for position in [0, 8, 9] {
            var bad = good
            bad[position] = 0xFF
            #expect(decode(bad) == nil)
        }
    }

    @Test func anotherMarkIsReadAsAPlainRevision() {
        let good = RevisionKey(RevisionPair(main: 7, sub: 1))
        #expect(decode(good.encoded + [0x00]) == good)
    }

    @Test(arguments: [UInt64(1), 2])
    func byteOrderIsRevisionOrder(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let left = RevisionPair(
                main: Revision(Int64(random.uniform(3))), sub: Int64(random.uniform(600)))
            let right = RevisionPair(
                main: Revision(Int64(random.uniform(3))), sub: Int64(random.uniform(600)))
            let inBytes = RevisionKey(left).encoded
                .lexicographicallyPrecedes(RevisionKey(right).encoded)
            #expect(inBytes == (left < right), "seed \(seed)")
        }
    }
}
