package import EtcdAPI
package import Identifiers

/// The store as it was at one moment, for several reads in slices.
///
/// Used by one thread at a time; `close` at the end (also done by deinit).
package final class PinnedView {
    private let store: Store
    private let pin: RevisionPin
    /// The newest revision when it was opened.
    package let revision: Revision
    /// The oldest revision that could be read then.
    private let oldest: Revision
    private var isClosed = false

    fileprivate init(_ store: Store, pin: RevisionPin, revision: Revision, oldest: Revision) {
        self.store = store
        self.pin = pin
        self.revision = revision
        self.oldest = oldest
    }

    deinit { close() }

    /// Index entries that a slice examines at most.
    package var sliceKeys: Int { store.configuration.sliceKeys }

    /// Throws unless the revision could be read when the view was opened: as for the ranges of a
    /// transaction, 0 is always allowed, and a negative revision is below every other.
    package func checkReadable(_ requested: Revision) throws(EtcdError) {
        guard requested != 0 else { return }
        try Store.check(requested, isWithin: oldest, revision)
    }

    /// A reader of a range, at its own revision or at that of the view. It needs no `close`.
    ///
    /// - Throws: as `checkReadable`.
    package func reader(of request: RangeRequest) throws(EtcdError) -> RangeReader {
        let requested = Revision(request.revision)
        try checkReadable(requested)
        let plan = RangePlan(request, revision: requested <= 0 ? revision : requested)
        return RangeReader(
            plan, store: store, pin: pin, ownsPin: false, storeRevision: revision)
    }

    /// Releases the revisions: readers throw `.compacted` from now on. Not under the store's lock.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        store.remove(pin)
    }
}

extension Store {
    /// Opens a view of the newest revision and of older ones.
    ///
    /// - Parameters:
    ///   - revisions: older ones that may be read; those that cannot be read are passed over.
    ///   - check: whether the caller may read what it is going to.
    package func openView(
        alsoReading revisions: some Sequence<Revision>, check: ReadCheck
    ) throws(ReadError) -> PinnedView {
        try lock.withWriteLock { state throws(ReadError) in
            try ReadError.reading { () throws(StoreError) in try state.requireIntact() }
            if let authority = state.authority {
                try ReadError.checking { () throws(EtcdError) in try check(authority) }
            }
            var first = state.current
            for revision in revisions where revision >= state.compacted && revision > 0 {
                first = min(first, revision)
            }
            return PinnedView(
                self, pin: state.pin(first, of: self), revision: state.current,
                oldest: state.compacted)
        }
    }
}
