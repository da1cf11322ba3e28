package import Identifiers

/// One transaction that changed something, for the watchers.
package struct CommittedTransaction: Sendable {
    /// Its main revision.
    package let revision: Revision
    /// The write buffer batch that holds its changes.
    let batch: WriteBufferBatch
    /// Their range in the batch.
    let range: Range<Int>

    /// Its changes in order; sub revisions count from 0. Apply thread only, until it applies
    /// anything else: the batch may still grow.
    var changes: ContiguousArray<StoredRecord>.SubSequence { batch.records[range] }

    /// Number of changes.
    package var changeCount: Int { range.count }
}

extension StoredRecord: @unchecked Sendable {
    // `@unchecked Sendable`: the bytes pointed to are never written again.
}
