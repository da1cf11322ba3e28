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
        let former = lock.withWriteLock { state in
            fresh.lock.withReadLock { fresh in
                let former = state.adopt(fresh)
                publishedAuthority.set(fresh.authority)
                return former
            }
        }
        // Retained until here so that the former state is released outside the lock.
        withExtendedLifetime(former) {}
    }
}
