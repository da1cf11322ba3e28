import Identifiers

/// What the checkers know to be durable of a member's log: it has to cover every promise, and all
/// of it must be present after a crash.
struct DurableLog {
    /// Terms of the entries after `compacted`.
    private var terms: [Term] = []
    private(set) var compacted: LogIndex = .zero
    private(set) var compactedTerm: Term = .zero
    private(set) var term: Term = .zero
    private(set) var vote: MemberID = .none
    /// Changes that were appended and not synchronized yet, in order.
    private var pending: [Change] = []

    enum Change {
        case entry(index: LogIndex, term: Term)
        case hardState(term: Term, vote: MemberID)
        case snapshot(index: LogIndex, term: Term)
    }

    var lastIndex: LogIndex { compacted + terms.count }

    /// Term of a durable entry; nil where there is none, or it was compacted.
    func term(at index: LogIndex) -> Term? {
        if index == compacted { return compactedTerm }
        guard index > compacted, index <= lastIndex else { return nil }
        return terms[index - compacted - 1]
    }

    /// Whether this entry, or a snapshot that covers it, is durable.
    func holds(_ index: LogIndex, term: Term) -> Bool {
        index < compacted || self.term(at: index) == term
    }

    mutating func append(_ change: Change) { pending.append(change) }

    /// Marks all appended changes durable. Returns whether durable entries were replaced.
    @discardableResult
    mutating func synchronize() -> Bool {
        var hasReplaced = false
        for change in pending {
            switch change {
            case .entry(let index, let term):
                guard index > compacted else { continue }
                if index <= lastIndex {
                    hasReplaced = true
                    terms.removeLast(lastIndex - index + 1)
                }
                precondition(index == lastIndex.next, "entries are appended without gaps")
                terms.append(term)
            case .hardState(let term, let vote): (self.term, self.vote) = (term, vote)
            case .snapshot(let index, let term): install(index, term)
            }
        }
        pending.removeAll(keepingCapacity: true)
        return hasReplaced
    }

    private mutating func install(_ index: LogIndex, _ term: Term) {
        terms.removeAll()
        (compacted, compactedTerm) = (index, term)
    }

    /// The machine stopped: pending changes may be present or not.
    mutating func forgetPending() { pending.removeAll() }

    /// Takes the log that was found on the disk; it holds at least what was durable.
    mutating func restart(compacted: LogIndex, term compactedTerm: Term, terms: [Term]) {
        (self.compacted, self.compactedTerm, self.terms) = (compacted, compactedTerm, terms)
    }

    mutating func restart(term: Term, vote: MemberID) { (self.term, self.vote) = (term, vote) }
}
