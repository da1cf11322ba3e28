/// One transaction that changed something, for the watchers.
package struct CommittedTransaction: Sendable {
    /// Its main revision.
    package let revision: Int64
    /// Its changes in order; sub revisions count from 0.
    let changes: ContiguousArray<StoredRecord>
    /// Keeps the bytes of `changes` alive.
    let generation: PendingGeneration

    /// Number of changes.
    package var changeCount: Int { changes.count }
}

extension StoredRecord: @unchecked Sendable {
    // `@unchecked Sendable`: the bytes pointed to are never written again.
}
