package import Identifiers

/// Keeps the data that is visible at a revision readable.
///
/// Reads over several slices hold one. A compaction above the pinned revision takes effect for new
/// requests at once, but nothing is removed before the pin is released or revoked. The runtime
/// decides when to revoke a pin that is held too long.
///
/// Held by a reader, revoked by any thread; the state is guarded by the store's lock.
package final class RevisionPin: @unchecked Sendable {
    // `@unchecked Sendable`: `isRevoked` and the list it is in are guarded by the store's lock.
    /// The main revision.
    package let revision: Revision
    fileprivate(set) var isRevoked = false
    private unowned let store: Store

    init(revision: Revision, store: Store) {
        self.revision = revision
        self.store = store
    }

    /// Revokes the pin: the reader's next slice fails with `.compacted`.
    package func revoke() {
        store.remove(self)
    }
}

extension Store {
    /// The held pins, oldest first; the runtime may revoke some.
    package var heldPins: [RevisionPin] {
        withReadLock { state in state.pins }
    }

    /// Pins a revision. The caller holds the write lock.
    func pin(_ revision: Revision) -> RevisionPin {
        let pin = RevisionPin(revision: revision, store: self)
        pins.append(pin)
        return pin
    }

    /// Revokes every pin. The caller holds the write lock.
    func revokeAllPins() {
        for pin in pins { pin.isRevoked = true }
        pins.removeAll()
    }

    func remove(_ pin: RevisionPin) {
        lock.lockForWriting()
        pin.isRevoked = true
        pins.removeAll { held in held === pin }
        lock.unlock()
    }

    /// Whether a compaction must wait for a reader below it.
    func isPinned(below revision: Revision) -> Bool {
        pins.contains { pin in pin.revision < revision }
    }
}
