/// One transaction that changed something, for the watchers.
package struct CommittedTransaction: Sendable {
    /// Its main revision.
    package let revision: Int64
    /// Where its changes are.
    let generation: PendingGeneration
    /// Their places in it.
    let places: Range<Int>

    /// Its changes in order; sub revisions count from 0. Apply thread only, as long as it applies
    /// nothing else: the generation may still grow.
    var changes: ContiguousArray<StoredRecord>.SubSequence { generation.records[places] }

    /// Number of changes.
    package var changeCount: Int { places.count }
}

extension StoredRecord: @unchecked Sendable {
    // `@unchecked Sendable`: the bytes pointed to are never written again.
}
