package import Identifiers

/// Reads of key ranges.
extension KeyIndex {
    /// Calls `body` with the keys of a range that exist at a main revision, ascending.
    ///
    /// Ends after `limit` keys (0 for no limit), or when `body` returns false. The key's bytes are
    /// valid during the call only. To resume, visit again from the last key + `\0`.
    package func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision, limit: Int,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> RangeVisit {
        var entries = EntryBudget()
        return try visit(
            from: start, to: end, at: main, limit: limit, entries: &entries, body)
    }

    /// As `visit`, within a budget: when it is spent, `hasMore` is true and `entries.next` is the key
    /// to continue from, unless the limit or `body` ended the visit.
    package func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision, limit: Int,
        entries: inout EntryBudget,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> RangeVisit {
        switch end {
        case .single:
            guard let record = get(start, at: main) else {
                return RangeVisit(visited: 0, hasMore: false)
            }
            _ = try body(start, record)
            return RangeVisit(visited: 1, hasMore: false)
        case .unbounded:
            return try visitLeaves(
                from: start, to: nil, at: main, limit: limit, &entries, body)
        case .key(let end):
            guard compareKeys(start, end) < 0 else {
                return RangeVisit(visited: 0, hasMore: false)
            }
            return try visitLeaves(
                from: start, to: end, at: main, limit: limit, &entries, body)
        }
    }

    /// Calls `body` with the keys of a range that exist at a main revision, descending, until it
    /// returns false or the budget is spent; then `entries.next` is the key to continue below. The
    /// key's bytes are valid during the call only.
    ///
    /// - Parameter end: the keys are below it; nil for no bound.
    package func visitDescending<Failure: Error>(
        from start: UnsafeRawBufferPointer, below end: UnsafeRawBufferPointer?,
        at main: Revision, entries: inout EntryBudget,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) {
        if let end, compareKeys(start, end) >= 0 { return }
        try withUnsafeTemporaryAllocation(byteCount: IndexPage.inlineKeyMax, alignment: 8) {
            buffer throws(Failure) in
            let keyBuffer = buffer.baseAddress.unsafelyUnwrapped
            var leaf = leaf(below: end)
            var index = end.map { leaf.lowerBound($0).0 } ?? leaf.count
            while true {
                let isLast = compareKeys(leaf.lowerFence, start) <= 0
                let first = isLast ? leaf.lowerBound(start).0 : 0
                leaf.copyPrefix(to: keyBuffer)
                while index > first {
                    guard entries.take() else {
                        // Below the key after the next one: that has been visited.
                        entries.next = [UInt8](leaf.key(index - 1, buffer: keyBuffer)) + [0]
                        return
                    }
                    index -= 1
                    guard let record = record(leaf.payload(index), at: main) else { continue }
                    guard try body(leaf.key(index, buffer: keyBuffer), record) else { return }
                }
                guard !isLast else { return }
                leaf = self.leaf(below: leaf.lowerFence)
                index = leaf.count
            }
        }
    }

    /// The last leaf that may hold keys below `end`; nil for the last of all.
    private func leaf(below end: UnsafeRawBufferPointer?) -> IndexPage {
        var current = page(root)
        while !current.isLeaf {
            let next = end.map { current.lowerBound($0, from: 1).0 } ?? current.count
            current = page(child(current, next - 1))
        }
        return current
    }

    /// As `visit`, at the newest revision.
    package func visitLive<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, limit: Int = 0,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> RangeVisit {
        try visit(from: start, to: end, at: .max, limit: limit, body)
    }

    private func visitLeaves<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: UnsafeRawBufferPointer?, at main: Revision,
        limit: Int, _ entries: inout EntryBudget,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> RangeVisit {
        try withUnsafeTemporaryAllocation(byteCount: IndexPage.inlineKeyMax, alignment: 8) {
            buffer throws(Failure) in
            let keyBuffer = buffer.baseAddress.unsafelyUnwrapped
            var visited = 0
            var isEnding = false
            let isNewest = main >= newestMain
            var leaf = leaf(for: start)
            var index = leaf.lowerBound(start).0
            while true {
                let (stop, isLast) = stopIndex(leaf, end)
                if isNewest, leaf.tombstoneCount == leaf.count { index = stop }
                leaf.copyPrefix(to: keyBuffer)
                while index < stop {
                    guard entries.take() else {
                        if !isEnding { entries.next = [UInt8](leaf.key(index, buffer: keyBuffer)) }
                        return RangeVisit(visited: visited, hasMore: true)
                    }
                    if let record = record(leaf.payload(index), at: main) {
                        if isEnding { return RangeVisit(visited: visited, hasMore: true) }
                        visited += 1
                        isEnding =
                            try !body(leaf.key(index, buffer: keyBuffer), record)
                            || visited == limit
                    }
                    index += 1
                }
                guard !isLast, leaf.nextLeaf != 0 else {
                    return RangeVisit(visited: visited, hasMore: false)
                }
                leaf = page(leaf.nextLeaf)
                index = 0
            }
        }
    }

    /// The entry of a leaf before which a range ends, and whether no later leaf belongs to it.
    private func stopIndex(
        _ leaf: IndexPage, _ end: UnsafeRawBufferPointer?
    ) -> (Int, isLast: Bool) {
        guard let end else { return (leaf.count, false) }
        if let upper = leaf.upperFence, compareKeys(upper, end) <= 0 {
            return (leaf.count, false)
        }
        return (leaf.lowerBound(end).0, true)
    }
}
