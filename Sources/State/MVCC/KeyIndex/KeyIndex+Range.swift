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
        try visit(
            from: start, to: end, at: main, limit: limit, prefetchCount: 0, prefetch: { _ in },
            body)
    }

    /// As `visit`, with prefetching.
    ///
    /// - Parameter prefetchCount: how many keys are likely to be visited and are passed to
    ///   `prefetch`; 0 for none.
    /// - Parameter prefetch: gets the revisions of some of the next keys before these are passed to
    ///   `body` one by one; valid during the call only.
    package func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Revision, limit: Int,
        prefetchCount: Int, prefetch: (UnsafeBufferPointer<RevisionPair>) -> Void,
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
                from: start, to: nil, at: main, limit: limit, prefetchCount: prefetchCount,
                prefetch, body)
        case .key(let end):
            guard compareKeys(start, end) < 0 else {
                return RangeVisit(visited: 0, hasMore: false)
            }
            return try visitLeaves(
                from: start, to: end, at: main, limit: limit, prefetchCount: prefetchCount,
                prefetch, body)
        }
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
        limit: Int, prefetchCount: Int, _ prefetch: (UnsafeBufferPointer<RevisionPair>) -> Void,
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
                var prefetchEnd = index
                while index < stop {
                    if index == prefetchEnd, visited < prefetchCount, !isEnding {
                        let count = min(Self.prefetchBatchMax, prefetchCount - visited)
                        prefetchEnd = min(stop, index + count)
                        prefetchRevisions(leaf, index..<prefetchEnd, at: main, prefetch)
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

    /// Entries prefetched at once.
    private static let prefetchBatchMax = 32

    private func prefetchRevisions(
        _ leaf: IndexPage, _ entries: Range<Int>, at main: Revision,
        _ prefetch: (UnsafeBufferPointer<RevisionPair>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: RevisionPair.self, capacity: entries.count) { revisions in
            var count = 0
            for entry in entries {
                guard let record = record(leaf.payload(entry), at: main) else { continue }
                revisions.initializeElement(at: count, to: record.modified)
                count += 1
            }
            prefetch(UnsafeBufferPointer(rebasing: revisions[..<count]))
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
