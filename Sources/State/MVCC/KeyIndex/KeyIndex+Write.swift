import Identifiers

/// Changes of single keys.
extension KeyIndex {
    /// Records a put of `key` and returns the new record.
    ///
    /// The key is created, at version 1, if it is new or was deleted; else its version grows.
    /// `revision` is above all earlier ones of the key.
    @discardableResult
    package func put(
        _ key: UnsafeRawBufferPointer, at revision: RevisionPair
    ) throws(KeyIndexError) -> KeyRecord {
        let (leaf, index, found) = findForWrite(key)
        var record = KeyRecord(
            modified: revision, created: RevisionPair(main: revision.main), version: 1)
        guard found else {
            try insert(key, PackedRecord(record), at: index)
            return record
        }
        let newest = PackedRecord(loadingFrom: leaf.payload(index))
        if !newest.isTombstone {
            let previous = newest.record
            record.created = previous.created
            record.version = previous.version + 1
        }
        try supersede(newest, in: leaf, at: index, by: PackedRecord(record))
        return record
    }

    /// Records a deletion of `key` and returns the deleted record; nil if the key is not live.
    @discardableResult
    package func tombstone(
        _ key: UnsafeRawBufferPointer, at revision: RevisionPair
    ) throws(KeyIndexError) -> KeyRecord? {
        let (leaf, index, found) = findForWrite(key)
        guard found else { return nil }
        let newest = PackedRecord(loadingFrom: leaf.payload(index))
        guard !newest.isTombstone else { return nil }
        try supersede(newest, in: leaf, at: index, by: PackedRecord(tombstoneAt: revision))
        return newest.record
    }

    /// Whether the index can hold a record; stored ones may be damaged.
    package static func holds(_ record: KeyRecord) -> Bool { PackedRecord.holds(record) }

    /// Restores a stored record while loading; a key's records come in ascending order.
    package func restore(
        _ key: UnsafeRawBufferPointer, record: KeyRecord
    ) throws(KeyIndexError) {
        let (leaf, index, found) = findForWrite(key)
        guard found else {
            try insert(key, PackedRecord(record), at: index)
            return
        }
        let newest = PackedRecord(loadingFrom: leaf.payload(index))
        try supersede(newest, in: leaf, at: index, by: PackedRecord(record))
    }

    /// Restores a stored deletion while loading.
    ///
    /// The first record of a key may be a deletion: compaction at exactly its revision keeps it. A
    /// deletion of a key that is already deleted is ignored, as in etcd.
    package func restoreTombstone(
        _ key: UnsafeRawBufferPointer, at revision: RevisionPair
    ) throws(KeyIndexError) {
        let (_, index, found) = findForWrite(key)
        if found {
            try tombstone(key, at: revision)
        } else {
            try insert(key, PackedRecord(tombstoneAt: revision), at: index)
        }
    }

    private func findForWrite(
        _ key: UnsafeRawBufferPointer
    ) -> (IndexPage, Int, found: Bool) {
        let leaf = descendForWrite(key)
        let (index, found) = leaf.lowerBound(key)
        return (leaf, index, found)
    }

    /// Finds the leaf for `key` and records the path.
    @discardableResult
    func descendForWrite(_ key: UnsafeRawBufferPointer) -> IndexPage {
        path.clear()
        var id = root
        var current = page(id)
        while !current.isLeaf {
            let index = current.childIndex(key)
            path.descend(through: id, index)
            id = child(current, index)
            current = page(id)
        }
        path.arrive(at: id)
        return current
    }

    /// Moves the newest record of an entry to its history and replaces it.
    private func supersede(
        _ newest: PackedRecord, in leaf: IndexPage, at index: Int, by record: PackedRecord
    ) throws(KeyIndexError) {
        precondition(newest.modified < record.modified, "revisions of a key ascend")
        let payload = leaf.payload(index)
        let history = payload.loadUnaligned(
            fromByteOffset: LeafEntry.historyOffset, as: UInt32.self)
        guard chunks.hasCapacity(inHistory: history) else {
            throw chunks.shortage
        }
        let chunk = chunks.append(newest, toHistory: history)
        payload.storeBytes(of: chunk, toByteOffset: LeafEntry.historyOffset, as: UInt32.self)
        record.store(to: payload)
        let live = (record.isTombstone ? 0 : 1) - (newest.isTombstone ? 0 : 1)
        leaf.tombstoneCount -= live
        updateSummaries(at: record.main, live: live)
    }

    /// Adds a key with its first record, at the position of the last descent.
    private func insert(
        _ key: UnsafeRawBufferPointer, _ record: PackedRecord, at position: Int
    ) throws(KeyIndexError) {
        try requireCapacity(forNew: key)
        var leaf = page(path.page(path.leafDepth))
        var index = position
        while !leaf.fits(keyLength: key.count) {
            split(depth: path.leafDepth, insertionIndex: index, key)
            leaf = descendForWrite(key)
            index = leaf.lowerBound(key).0
        }
        let isLong = key.count > IndexPage.inlineKeyMax
        let chunk = isLong ? chunks.store(longKey: key) : 0
        let payload = leaf.insert(key, chunk: chunk, at: index)
        leaf.recordInsertion(at: index)
        record.store(to: payload)
        payload.storeBytes(of: 0, toByteOffset: LeafEntry.historyOffset, as: UInt32.self)
        keyCount += 1
        if record.isTombstone { leaf.tombstoneCount += 1 }
        updateSummaries(at: record.main, live: record.isTombstone ? 0 : 1)
    }

    /// Updates the summaries in the inner pages along the last descent.
    private func updateSummaries(at main: Revision, live difference: Int) {
        if main > newestMain { newestMain = main }
        liveKeyCount += difference
        for depth in 0..<path.leafDepth {
            let inner = page(path.page(depth))
            let payload = inner.payload(path.index(depth))
            var summary = SubtreeSummary(loadingFrom: payload)
            summary.liveCount = UInt32(Int(summary.liveCount) + difference)
            summary.newestMain = max(summary.newestMain, main)
            summary.store(to: payload)
        }
    }
}
