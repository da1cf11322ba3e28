package import EtcdAPI
package import Identifiers
package import MVCC
import MemberRuntime

/// Hashes for other members and for corruption checks, queued with those of clients.
extension ServiceContext {
    /// The hash of the keys at a revision, 0 for the current one, and the store's revision. The
    /// hash includes all applied changes, also those not yet committed to the file.
    package func hashKV(
        at revision: Revision
    ) async throws(EtcdError) -> (hash: KeyValueHash, storeRevision: Revision) {
        let store = runtime.store
        let result = await withCheckedContinuation { continuation in
            hashQueue.run {
                continuation.resume(
                    returning: Result { () throws(ReadError) in try store.hashKV(at: revision) })
            }
        }
        return try result.mapError { runtime.clientError(for: $0) }.get()
    }
}
