/// Finds the newest record of each live key of a history, in bounded memory.
///
/// The caller reads the history once in each pass. While all keys fit into the table there is one
/// pass; else each pass finds those of a part of the keys:
///
///     repeat {
///         for record in history { liveKeys.put(record.key, number: record.number) }
///         use(liveKeys)
///     } while liveKeys.beginNextPass()
struct LiveKeys {
    /// 50 MB, for one and a half million keys.
    static let slotsMax = 1 << 21

    private var table: FingerprintTable
    private var partition = KeyPartition.all
    private var remaining: [KeyPartition] = []

    init(slotsMax: Int = Self.slotsMax) {
        table = FingerprintTable(slotsMax: slotsMax)
    }

    /// Live keys of this pass.
    var count: Int { table.count }

    /// The numbers of the newest records of the live keys of this pass, in no order.
    func forEachNumber(_ body: (UInt64) -> Void) { table.forEachNumber(body) }

    /// A record with a value.
    mutating func put(_ key: UnsafeRawBufferPointer, number: UInt64) {
        let fingerprint = Fingerprint(of: key)
        while partition.contains(fingerprint), !table.set(fingerprint, number) {
            let (kept, later) = partition.halves
            remaining.append(later)
            partition = kept
            table.keep(kept)
        }
    }

    /// A deletion.
    mutating func delete(_ key: UnsafeRawBufferPointer) {
        let fingerprint = Fingerprint(of: key)
        if partition.contains(fingerprint) { table.remove(fingerprint) }
    }

    /// Begins anew with all keys.
    mutating func restart() {
        partition = .all
        remaining = []
        table.removeAll()
    }

    /// Begins a pass for other keys; false if all keys had one.
    mutating func beginNextPass() -> Bool {
        guard let next = remaining.popLast() else { return false }
        partition = next
        table.removeAll()
        return true
    }
}
