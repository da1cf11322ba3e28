/// What the judge knows to be durable of a member's log: every promise has to be covered by it,
/// and after a crash all of it must be there.
struct DurableLog {
    /// Terms of the entries after `compacted`.
    private var terms: [UInt64] = []
    private(set) var compacted: UInt64 = 0
    private(set) var compactedTerm: UInt64 = 0
    private(set) var term: UInt64 = 0
    private(set) var vote: UInt64 = 0
    /// Appended and not synchronized yet, in order.
    private var pending: [Change] = []

    enum Change {
        case entry(index: UInt64, term: UInt64)
        case hardState(term: UInt64, vote: UInt64)
        case snapshot(index: UInt64, term: UInt64)
    }

    var lastIndex: UInt64 { compacted + UInt64(terms.count) }

    /// Term of a durable entry; nil where there is none, or it was compacted.
    func term(at index: UInt64) -> UInt64? {
        if index == compacted { return compactedTerm }
        guard index > compacted, index <= lastIndex else { return nil }
        return terms[Int(index - compacted) - 1]
    }

    /// Whether it is durable that the log holds this entry, or a snapshot that stands for it.
    func holds(_ index: UInt64, term: UInt64) -> Bool {
        index < compacted || self.term(at: index) == term
    }

    mutating func append(_ change: Change) { pending.append(change) }

    /// All that was appended is durable. Returns whether durable entries were replaced.
    @discardableResult
    mutating func synchronize() -> Bool {
        var hasReplaced = false
        for change in pending {
            switch change {
            case .entry(let index, let term):
                guard index > compacted else { continue }
                if index <= lastIndex {
                    hasReplaced = true
                    terms.removeLast(Int(lastIndex - index) + 1)
                }
                precondition(index == lastIndex + 1, "entries are appended without gaps")
                terms.append(term)
            case .hardState(let term, let vote): (self.term, self.vote) = (term, vote)
            case .snapshot(let index, let term): install(index, term)
            }
        }
        pending.removeAll(keepingCapacity: true)
        return hasReplaced
    }

    private mutating func install(_ index: UInt64, _ term: UInt64) {
        terms.removeAll()
        (compacted, compactedTerm) = (index, term)
    }

    /// The machine stopped: what is pending may be there or not.
    mutating func forgetPending() { pending.removeAll() }

    /// Takes what was found on the disk; it holds at least what was durable.
    mutating func restart(compacted: UInt64, term compactedTerm: UInt64, terms: [UInt64]) {
        (self.compacted, self.compactedTerm, self.terms) = (compacted, compactedTerm, terms)
    }

    mutating func restart(term: UInt64, vote: UInt64) { (self.term, self.vote) = (term, vote) }
}
