/// Reads of key ranges.
extension KeyIndex {
    /// Hands the keys of a range that exist at a main revision to `body`, ascending.
    ///
    /// Ends after `limit` keys (0 for no limit), or when `body` returns false. The key's bytes
    /// are valid during the call only. To go on later, visit again from the last key + `\0`.
    package func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Int64, limit: Int,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> VisitResult {
        try visit(
            from: start, to: end, at: main, limit: limit, announcing: 0, ahead: { _ in }, body)
    }

    /// As `visit`, with a look ahead.
    ///
    /// - Parameter wanted: how many keys are likely to be visited: so many are announced, none
    ///   for 0.
    /// - Parameter ahead: is handed the revisions of some of the next keys before these are handed
    ///   to `body` one by one; valid during the call only.
    package func visit<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, at main: Int64, limit: Int,
        announcing wanted: Int, ahead: (UnsafeBufferPointer<Revision>) -> Void,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> VisitResult {
        switch end {
        case .single:
            guard let record = get(start, at: main) else {
                return VisitResult(visited: 0, hasMore: false)
            }
            _ = try body(start, record)
            return VisitResult(visited: 1, hasMore: false)
        case .unbounded:
            return try visitLeaves(
                from: start, to: nil, at: main, limit: limit, announcing: wanted, ahead, body)
        case .key(let end):
            guard compareKeys(start, end) < 0 else {
                return VisitResult(visited: 0, hasMore: false)
            }
            return try visitLeaves(
                from: start, to: end, at: main, limit: limit, announcing: wanted, ahead, body)
        }
    }

    /// As `visit`, at the newest revision.
    package func visitLive<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: KeyRangeEnd, limit: Int = 0,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> VisitResult {
        try visit(from: start, to: end, at: .max, limit: limit, body)
    }

    private func visitLeaves<Failure: Error>(
        from start: UnsafeRawBufferPointer, to end: UnsafeRawBufferPointer?, at main: Int64,
        limit: Int, announcing wanted: Int, _ ahead: (UnsafeBufferPointer<Revision>) -> Void,
        _ body: (UnsafeRawBufferPointer, KeyRecord) throws(Failure) -> Bool
    ) throws(Failure) -> VisitResult {
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
                var announced = index
                while index < stop {
                    if index == announced, visited < wanted, !isEnding {
                        let count = min(Self.announcedMax, wanted - visited)
                        announced = min(stop, index + count)
                        announce(leaf, index..<announced, at: main, ahead)
                    }
                    if let record = record(leaf.payload(index), at: main) {
                        if isEnding { return VisitResult(visited: visited, hasMore: true) }
                        visited += 1
                        isEnding =
                            try !body(leaf.key(index, buffer: keyBuffer), record)
                            || visited == limit
                    }
                    index += 1
                }
                guard !isLast, leaf.nextLeaf != 0 else {
                    return VisitResult(visited: visited, hasMore: false)
                }
                leaf = page(leaf.nextLeaf)
                index = 0
            }
        }
    }

    /// Entries announced at once.
    private static let announcedMax = 32

    private func announce(
        _ leaf: IndexPage, _ entries: Range<Int>, at main: Int64,
        _ ahead: (UnsafeBufferPointer<Revision>) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: Revision.self, capacity: entries.count) { revisions in
            var count = 0
            for entry in entries {
                guard let record = record(leaf.payload(entry), at: main) else { continue }
                revisions.initializeElement(at: count, to: record.modified)
                count += 1
            }
            ahead(UnsafeBufferPointer(rebasing: revisions[..<count]))
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
