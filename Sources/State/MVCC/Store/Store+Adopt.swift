import Bolt

/// Replacing the state with that of a snapshot from the leader.
extension Store {
    /// Takes over the state of `fresh`, opened over the same database after its file was replaced.
    ///
    /// Changes that were applied and not yet in the former file are dropped: the snapshot contains
    /// them. Readers that pinned a revision of the former state fail with `.compacted`, since the
    /// new history may begin later. Backend thread, while the apply thread waits; `fresh` is not
    /// used afterwards.
    package func adopt(_ fresh: Store) {
        precondition(fresh.bolt === bolt, "the new state is opened over the store's own database")
        lock.lockForWriting()
        precondition(committing == nil, "no batch is being committed")
        let former = (snapshot, index)
        index = fresh.index
        snapshot = fresh.snapshot
        keyBucket = fresh.keyBucket
        open = WriteBufferBatch()
        current = fresh.current
        compacted = fresh.compacted
        finishedCompaction = fresh.finishedCompaction
        compactions = fresh.compactions
        hashes = fresh.hashes
        publish(fresh.authority)
        revokeAllPins()
        lock.unlock()
        // Retained until here so that the former state is released outside the lock.
        withExtendedLifetime(former) {}
    }
}
