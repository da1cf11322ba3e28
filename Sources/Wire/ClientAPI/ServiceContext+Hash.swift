package import EtcdAPI
package import MVCC
import ReplicaRuntime

/// Hashes for other members and for checks, in turn with those that clients ask for.
extension ServiceContext {
    /// The hash of the keys at a revision, 0 for the newest, and the store's revision. A hash sees
    /// what is applied, whether or not it is in the file yet.
    package func hashKV(
        at revision: Int64
    ) async throws(EtcdError) -> (hash: KeyValueHash, storeRevision: Int64) {
        let store = runtime.store
        let result = await withCheckedContinuation { continuation in
            hashes.run {
                continuation.resume(
                    returning: Result { () throws(EtcdError) in try store.hashKV(at: revision) })
            }
        }
        return try result.get()
    }
}
