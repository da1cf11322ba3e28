package import Identifiers

/// Compaction: removing what no read at or after a revision can see.
///
/// At revision C each key keeps its newest change at or below C and everything later. If that
/// newest change is a deletion it is removed too, and with it a key that has no later change.
/// Exception: a deletion made exactly at C stays until the next compaction, as in etcd since
/// 3.4.34, 3.5.16 and 3.6.
extension KeyIndex {
    /// Compacts one slice of the keys at `main` and returns the cursor for the next slice; nil at
    /// the end.
    ///
    /// `cursorKey` nil starts. A slice is a number of whole leaves, `sliceKeys` keys or a few more.
    /// `keep` gets the retained change at or below `main` of each key, deletions at exactly `main`
    /// included: of the stored records at or below `main` exactly those stay on disk. Writes may
    /// happen between slices.
    package func compact(
        at main: Revision, from cursorKey: [UInt8]?, sliceKeys: Int, keep: (RevisionPair) -> Void
    ) -> [UInt8]? {
        var cursor = cursorKey ?? []
        var remaining = max(sliceKeys, 1)
        while remaining > 0 {
            let (next, passed) = cursor.withUnsafeBytes { compactLeaf(at: main, from: $0, keep) }
            guard let next else { return nil }
            cursor = next
            remaining -= max(passed, 1)
        }
        return cursor
    }

    /// Visits the changes that a hash of the store at `main` covers: the newest change of each key
    /// at or below `main`, unless it is a deletion.
    ///
    /// Unlike `compact` it omits a deletion at exactly `main`, so that hashes agree with etcd's
    /// older releases. It changes nothing, and returns the same before, during and after a
    /// compaction at or below `main`.
    package func visitKept(at main: Revision, _ body: (RevisionPair) -> Void) {
        let lowest = UnsafeRawBufferPointer(start: nil, count: 0)
        var leaf = leaf(for: lowest)
        while true {
            for index in 0..<leaf.count {
                if let record = packedRecord(leaf.payload(index), at: main), !record.isTombstone {
                    body(record.modified)
                }
            }
            guard leaf.nextLeaf != 0 else { return }
            leaf = page(leaf.nextLeaf)
        }
    }

    private func compactLeaf(
        at main: Revision, from cursor: UnsafeRawBufferPointer, _ keep: (RevisionPair) -> Void
    ) -> (next: [UInt8]?, passed: Int) {
        let leaf = descendForWrite(cursor)
        let next = leaf.upperFence.map { [UInt8]($0) }
        let first = leaf.lowerBound(cursor).0
        let passed = leaf.count - first
        var index = first
        while index < leaf.count {
            if compactEntry(leaf.payload(index), at: main, keep) {
                index += 1
            } else {
                removeEntry(leaf, index)
            }
        }
        mergeIfSparse(depth: path.leafDepth)
        return (next, passed)
    }

    /// Compacts one key; false when nothing of it is left.
    private func compactEntry(
        _ payload: UnsafeMutableRawPointer, at main: Revision, _ keep: (RevisionPair) -> Void
    ) -> Bool {
        let newest = PackedRecord(loadingFrom: payload)
        let history = history(payload)
        if newest.main <= main {
            dropHistory(payload, history.count)
            guard !newest.isTombstone || newest.main == main else { return false }
            keep(newest.modified)
            return true
        }
        guard let index = history.newest(at: main) else { return true }
        let base = history[index]
        if base.isTombstone, base.main < main {
            dropHistory(payload, index + 1)
        } else {
            dropHistory(payload, index)
            keep(base.modified)
        }
        return true
    }

    private func dropHistory(_ payload: UnsafeMutableRawPointer, _ dropped: Int) {
        guard dropped > 0 else { return }
        let chunk = payload.loadUnaligned(
            fromByteOffset: LeafEntry.historyOffset, as: UInt32.self)
        payload.storeBytes(
            of: chunks.dropFirst(dropped, ofHistory: chunk),
            toByteOffset: LeafEntry.historyOffset, as: UInt32.self)
    }

    /// Removes a key whose last change is a deletion that compaction has dropped.
    private func removeEntry(_ leaf: IndexPage, _ index: Int) {
        let chunk = leaf.longKeyChunk(index)
        if chunk != 0 { chunks.free(chunk) }
        leaf.remove(at: index)
        leaf.tombstoneCount -= 1
        keyCount -= 1
    }
}
