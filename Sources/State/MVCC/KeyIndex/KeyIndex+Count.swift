package import Identifiers

/// Counting the keys of a range.
extension KeyIndex {
    /// Number of keys of a range that exist at a main revision.
    ///
    /// Costs two descents if nothing in the range changed after `main`, as at the newest revision;
    /// otherwise it also reads each entry of the leaves in changed subtrees.
    package func count(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision = .max
    ) -> Int {
        var entries = EntryBudget()
        return count(from: start, to: end, at: main, entries: &entries)
    }

    /// As `count`, within a budget of entries that are read, to the leaf. When it is spent before the
    /// end, `entries.next` is the key to continue from.
    package func count(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision,
        entries: inout EntryBudget
    ) -> Int {
        switch end {
        case .single: return get(start, at: main) == nil ? 0 : 1
        case .unbounded: return countBetween(start, nil, in: page(root), at: main, &entries)
        case .key(let end):
            guard compareKeys(start, end) < 0 else { return 0 }
            return countBetween(start, end, in: page(root), at: main, &entries)
        }
    }

    /// Whether any key exists at a main revision; stops at the first one.
    package func hasKey(at main: Revision) -> Bool {
        hasKey(in: page(root), at: main)
    }

    private func hasKey(in page: IndexPage, at main: Revision) -> Bool {
        guard !page.isLeaf else {
            return (0..<page.count).contains { exists(page.payload($0), at: main) }
        }
        return (0..<page.count).contains { index in
            let summary = SubtreeSummary(loadingFrom: page.payload(index))
            if summary.newestMain <= main { return summary.liveCount > 0 }
            return hasKey(in: self.page(child(page, index)), at: main)
        }
    }

    /// Counts the keys in the subtree of a page from `start` on (nil: all) and below `end` (nil:
    /// all).
    private func countBetween(
        _ start: UnsafeRawBufferPointer?, _ end: UnsafeRawBufferPointer?, in page: IndexPage,
        at main: Revision, _ entries: inout EntryBudget
    ) -> Int {
        guard !page.isLeaf else {
            return countBetween(start, end, inLeaf: page, at: main, &entries)
        }
        let first = start.map { page.childIndex($0) } ?? 0
        let last = end.map { page.childIndex($0) } ?? page.count - 1
        if first == last, start != nil || end != nil {
            return countBetween(start, end, in: self.page(child(page, first)), at: main, &entries)
        }
        var total = 0
        for index in first...last where entries.next == nil {
            let lower = index == first ? start : nil
            let upper = index == last ? end : nil
            if lower == nil, upper == nil {
                total += countAll(below: index, of: page, at: main, &entries)
            } else {
                total += countBetween(
                    lower, upper, in: self.page(child(page, index)), at: main, &entries)
            }
        }
        return total
    }

    private func countAll(
        below index: Int, of inner: IndexPage, at main: Revision, _ entries: inout EntryBudget
    ) -> Int {
        let summary = SubtreeSummary(loadingFrom: inner.payload(index))
        if summary.newestMain <= main { return Int(summary.liveCount) }
        return countBetween(nil, nil, in: page(child(inner, index)), at: main, &entries)
    }

    private func countBetween(
        _ start: UnsafeRawBufferPointer?, _ end: UnsafeRawBufferPointer?, inLeaf leaf: IndexPage,
        at main: Revision, _ entries: inout EntryBudget
    ) -> Int {
        let first = start.map { leaf.lowerBound($0).0 } ?? 0
        let last = end.map { leaf.lowerBound($0).0 } ?? leaf.count
        if main >= newestMain, leaf.tombstoneCount == 0 { return last - first }
        var total = 0
        for index in first..<last where exists(leaf.payload(index), at: main) { total += 1 }
        entries.take(last - first)
        if entries.left == 0, let next = leaf.upperFence { entries.next = [UInt8](next) }
        return total
    }

    /// Whether the key of a leaf entry exists at a main revision.
    private func exists(_ payload: UnsafeMutableRawPointer, at main: Revision) -> Bool {
        if PackedRecord.main(at: payload) <= main { return !PackedRecord.isTombstone(at: payload) }
        let history = history(payload)
        guard let index = history.newest(at: main) else { return false }
        return !history[index].isTombstone
    }
}
