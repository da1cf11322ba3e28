import Bolt

/// Going on with another state: that of a snapshot which a leader sent.
extension Store {
    /// Takes over what `fresh`, opened over the same database after its file was replaced, holds.
    ///
    /// What was applied and not yet in the former file is dropped: the snapshot holds it. Readers
    /// that pinned a revision of the former state are told that it is compacted, since the new
    /// history may begin later. Backend thread, while the apply thread waits; `fresh` is not used
    /// afterwards.
    package func adopt(_ fresh: Store) {
        precondition(fresh.bolt === bolt, "the new state is read from the store's own database")
        lock.lockForWriting()
        precondition(committing == nil, "no batch is on its way into the file meanwhile")
        let former = (snapshot, index)
        index = fresh.index
        snapshot = fresh.snapshot
        keyBucket = fresh.keyBucket
        open = PendingGeneration()
        current = fresh.current
        compacted = fresh.compacted
        finishedCompaction = fresh.finishedCompaction
        compactions = fresh.compactions
        hashes = fresh.hashes
        revokeAllPins()
        lock.unlock()
        // Kept until here so that the former state ends outside the lock.
        withExtendedLifetime(former) {}
    }
}
