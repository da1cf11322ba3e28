/// The transactions that open readers see, with the number of readers of each.
///
/// Readers begin at the newest commit, so entries are appended ascending and there are few.
struct ReaderTable {
    private var entries: [(transaction: UInt64, readers: Int)] = []

    /// The transactions that readers see, ascending.
    var transactions: [UInt64] { entries.map(\.transaction) }

    var count: Int { entries.reduce(0) { $0 + $1.readers } }

    mutating func add(_ transaction: UInt64) {
        if let last = entries.last, last.transaction == transaction {
            entries[entries.count - 1].readers += 1
        } else {
            entries.append((transaction, 1))
        }
    }

    mutating func remove(_ transaction: UInt64) {
        guard let index = entries.lastIndex(where: { $0.transaction == transaction }) else {
            preconditionFailure("a reader ends once")
        }
        entries[index].readers -= 1
        if entries[index].readers == 0 { entries.remove(at: index) }
    }
}
