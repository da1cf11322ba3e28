package import EtcdAPI
import Synchronization

/// What decides which reads are permitted: published together with the store's revision, so that a
/// read takes permission and data of one moment.
///
/// The store does not know what it is. Immutable: a change publishes another one.
package protocol ReadAuthority: AnyObject, Sendable {}

/// Whether a read is permitted by the authority of the moment that is read. Called under the store's
/// lock, unless everything is permitted.
package typealias ReadCheck = (any ReadAuthority) throws(EtcdError) -> Void

extension Store {
    /// Publishes what decides about reads from now on; nil while all are permitted. Apply thread
    /// only, or before the store is shared.
    package func publish(_ authority: (any ReadAuthority)?) {
        lock.withWriteLockOrHold { state in
            state.authority = authority
            publishedAuthority.set(authority)
        }
    }

    /// What decides about reads now; nil while all are permitted. Any thread: it does not wait for
    /// the store's lock.
    package var currentAuthority: (any ReadAuthority)? { publishedAuthority.value }
}

/// The authority for threads that do not hold the store's lock.
final class PublishedAuthority: Sendable {
    /// Most clusters have no users: then this is all that a request reads.
    private let isPresent = Atomic<Bool>(false)
    private let authority = Mutex<(any ReadAuthority)?>(nil)

    var value: (any ReadAuthority)? {
        guard isPresent.load(ordering: .acquiring) else { return nil }
        return authority.withLock { $0 }
    }

    func set(_ value: (any ReadAuthority)?) {
        authority.withLock { $0 = value }
        isPresent.store(value != nil, ordering: .releasing)
    }
}
