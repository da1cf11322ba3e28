/// Fingerprints, each with a number, in at most a given number of slots.
///
/// Open addressing with linear probing. Invariant: between the slot of a fingerprint's hash and the
/// slot that holds it, all slots are in use; a removal moves entries to keep that.
struct FingerprintTable {
    private struct Slot {
        var fingerprint = Fingerprint.none
        var number: UInt64 = 0

        var isUsed: Bool { fingerprint.low != 0 }
    }

    private static let initialSlots = 1 << 10
    private let slotsMax: Int
    private var slots: ContiguousArray<Slot>
    private(set) var count = 0

    /// - Parameter slotsMax: a power of two; 24 bytes each.
    init(slotsMax: Int) {
        precondition(slotsMax > 1 && slotsMax & (slotsMax - 1) == 0, "a power of two")
        self.slotsMax = slotsMax
        slots = ContiguousArray(
            repeating: Slot(), count: min(Self.initialSlots, slotsMax))
    }

    /// The numbers of all fingerprints, in no order.
    func forEachNumber(_ body: (UInt64) -> Void) {
        for slot in slots where slot.isUsed { body(slot.number) }
    }

    /// Sets the number of a fingerprint; false if it is new and the table is full.
    mutating func set(_ fingerprint: Fingerprint, _ number: UInt64) -> Bool {
        var index = slot(of: fingerprint)
        if !slots[index].isUsed {
            if count >= slots.count / 4 * 3 {
                guard grow() else { return false }
                index = slot(of: fingerprint)
            }
            slots[index].fingerprint = fingerprint
            count += 1
        }
        slots[index].number = number
        return true
    }

    mutating func remove(_ fingerprint: Fingerprint) {
        let index = slot(of: fingerprint)
        if slots[index].isUsed { removeSlot(index) }
    }

    /// Removes all fingerprints outside a part of the keys.
    mutating func keep(_ partition: KeyPartition) {
        for index in slots.indices {
            // A removal may move another entry here.
            while slots[index].isUsed, !partition.contains(slots[index].fingerprint) {
                removeSlot(index)
            }
        }
    }

    mutating func removeAll() {
        for index in slots.indices { slots[index] = Slot() }
        count = 0
    }

    // MARK: Slots

    private var mask: Int { slots.count - 1 }

    private func home(of fingerprint: Fingerprint) -> Int {
        Int(truncatingIfNeeded: fingerprint.low >> 1) & mask
    }

    /// The slot that holds a fingerprint, or the unused one where it belongs.
    private func slot(of fingerprint: Fingerprint) -> Int {
        var index = home(of: fingerprint)
        while slots[index].isUsed, slots[index].fingerprint != fingerprint {
            index = (index + 1) & mask
        }
        return index
    }

    private mutating func removeSlot(_ removed: Int) {
        var hole = removed
        var index = (hole + 1) & mask
        while slots[index].isUsed {
            // An entry may move back unless its own slot lies behind the hole.
            let distance = (index - home(of: slots[index].fingerprint)) & mask
            if distance >= (index - hole) & mask {
                slots[hole] = slots[index]
                hole = index
            }
            index = (index + 1) & mask
        }
        slots[hole] = Slot()
        count -= 1
    }

    private mutating func grow() -> Bool {
        guard slots.count < slotsMax else { return false }
        let former = slots
        slots = ContiguousArray(repeating: Slot(), count: former.count * 2)
        for slot in former where slot.isUsed {
            slots[self.slot(of: slot.fingerprint)] = slot
        }
        return true
    }
}
