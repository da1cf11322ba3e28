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
    fileprivate var isRevoked = false
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
        lock.withReadLock { state in state.pins }
    }

    func remove(_ pin: RevisionPin) {
        lock.withWriteLock { state in state.remove(pin) }
    }
}

extension StoreState {
    /// Pins a revision.
    mutating func pin(_ revision: Revision, of store: Store) -> RevisionPin {
        let pin = RevisionPin(revision: revision, store: store)
        pins.append(pin)
        return pin
    }

    /// Whether a pin holds nothing any more.
    func isRevoked(_ pin: RevisionPin) -> Bool { pin.isRevoked }

    /// Revokes every pin.
    mutating func revokeAllPins() {
        for pin in pins { pin.isRevoked = true }
        pins.removeAll()
    }

    fileprivate mutating func remove(_ pin: RevisionPin) {
        pin.isRevoked = true
        pins.removeAll { held in held === pin }
    }

    /// Whether a compaction must wait for a reader below it.
    func isPinned(below revision: Revision) -> Bool {
        pins.contains { pin in pin.revision < revision }
    }
}
