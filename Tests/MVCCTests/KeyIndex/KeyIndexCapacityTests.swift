import Glibc
import Identifiers
import TestSupport
import Testing

@testable import MVCC

/// Behavior at the end of the reservation.
@Suite struct KeyIndexCapacityTests {
    private static let reserved = 32 << 20
    private static let smallReserved = 8 << 20

    private static func longKey(_ number: Int) -> [UInt8] {
        Array("\(number)/".utf8) + [UInt8](repeating: UInt8(number & 0x7F), count: 10_000)
    }

    /// Puts keys until the index is full; returns how many it took.
    private func fill(_ index: KeyIndex, from main: Revision, _ key: (Int) -> [UInt8]) -> Int {
        var count = 0
        while true {
            do {
                try index.put(key: key(count), at: RevisionPair(main: main + count))
            } catch {
                #expect(error as? KeyIndexError == .full(reservedBytes: index.reservedBytes))
                return count
            }
            count += 1
        }
    }

    @Test func longKeysAreRejectedWhenTheIndexIsFullAndAcceptedAgainAfterACompaction() throws {
        let index = try KeyIndex(reservedBytes: Self.reserved)
        let count = fill(index, from: 2, Self.longKey)
        #expect(count * 10_000 > Self.reserved * 3 / 4, "\(count) keys")
        #expect(index.isFilled(eighths: 7))
        #expect(index.keyCount == count && index.verify() == [])
        #expect(index.get(Self.longKey(count)) == nil)
        #expect(index.get(Self.longKey(count - 1))?.version == 1)
        for number in 0..<count / 2 {
            try index.tombstone(
                key: Self.longKey(number),
                at: RevisionPair(main: Revision(Int64(count + 2 + number))))
        }
        let main = Revision(Int64(2 * count + 2))
        _ = index.compactAll(at: main, sliceKeys: 100)
        #expect(!index.isFilled(eighths: 7) && index.verify() == [])
        #expect(fill(index, from: main.next, Self.longKey) > count / 3)
        #expect(index.verify() == [])
    }

    @Test func pagesAreRejectedWhenTheIndexIsFull() throws {
        let index = try KeyIndex(reservedBytes: Self.smallReserved)
        let count = fill(index, from: 2) { number in
            let digits = Array(String(number).utf8.reversed())
            return digits + [UInt8](repeating: 97, count: 500 - digits.count)
        }
        #expect(count > 7_000 && index.isFilled(eighths: 7))
        #expect(index.keyCount == count)
    }

    @Test func aHistoryIsRejectedWhenTheIndexIsFull() throws {
        let index = try KeyIndex(reservedBytes: Self.smallReserved)
        let count = fill(index, from: 2) { _ in [1] }
        // A history moves to a chunk twice as large, while the old chunk is still in use.
        #expect(count > Self.smallReserved / PackedRecord.sizeBytes / 4)
        #expect(index.get([1])?.version == Int64(count))
        #expect(index.get([1], Revision(Int64(count / 2)))?.version == Int64(count / 2 - 1))
        #expect(throws: KeyIndexError.full(reservedBytes: Self.smallReserved)) {
            try index.tombstone(key: [1], at: RevisionPair(main: Revision(Int64(count + 2))))
        }
        _ = index.compactAll(at: Revision(Int64(count)), sliceKeys: 1)
        try index.tombstone(key: [1], at: RevisionPair(main: Revision(Int64(count + 2))))
        #expect(index.verify() == [])
    }

    @Test func aLimitOnAddressSpaceMakesTheReservationSmaller() async {
        await #expect(processExitsWith: .success) {
            ProcessLimits.addressSpace(toMore: 16 << 30)
            let index = try KeyIndex(reservedBytes: 64 << 30)
            try index.put(key: [1], at: RevisionPair(main: 2))
            guard index.get([1]) != nil, index.reservedBytes == 4 << 30
            else { exit(1) }
            exit(0)
        }
    }

    @Test func aSmallAddressSpaceIsEnoughToStart() async {
        await #expect(processExitsWith: .success) {
            ProcessLimits.addressSpace(toMore: 256 << 20)
            let index = try KeyIndex(reservedBytes: 64 << 30)
            exit(index.reservedBytes >= 16 << 20 ? 0 : 1)
        }
    }

    /// A limit on data counts memory when it becomes writable, as strict overcommitment does.
    @Test func memoryThatTheSystemRefusesEndsTheIndexLikeAFullReservation() async {
        await #expect(processExitsWith: .success) {
            ProcessLimits.data(toMore: 136 << 20)
            let index = try KeyIndex(reservedBytes: 64 << 30)
            guard index.reservedBytes == 64 << 30 else { exit(1) }
            var count = 0
            do {
                while !index.isFilled(eighths: 7) {
                    try index.put(
                        key: Self.longKey(count), at: RevisionPair(main: Revision(Int64(count + 2)))
                    )
                    count += 1
                }
                try index.put(
                    key: Self.longKey(count), at: RevisionPair(main: Revision(Int64(count + 2))))
                while true {
                    count += 1
                    try index.put(
                        key: Self.longKey(count), at: RevisionPair(main: Revision(Int64(count + 2)))
                    )
                }
            } catch {
                guard case KeyIndexError.refused = error, count > 1000 else { exit(2) }
            }
            exit(index.verify() == [] ? 0 : 3)
        }
    }

    @Test func theErrorNamesTheMissingAddressSpace() async {
        await #expect(processExitsWith: .success) {
            ProcessLimits.addressSpace(toMore: 24 << 20)
            do throws(KeyIndexError) {
                _ = try KeyIndex(reservedBytes: 64 << 30)
            } catch {
                guard error == .noAddressSpace(sizeBytes: 16 << 20, errorNumber: ENOMEM),
                    "\(error)".contains("16777216 bytes of address space"),
                    "\(error)".contains("Cannot allocate memory")
                else { exit(2) }
                exit(0)
            }
            exit(1)
        }
    }
}
