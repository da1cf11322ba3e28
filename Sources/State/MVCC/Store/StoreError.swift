package import Bolt

/// Why a store could not be opened, persisted or compacted. Each stops the member.
package enum StoreError: Error, Equatable, Sendable {
    /// The backend file failed.
    case bolt(BoltError)
    /// A record of the `key` bucket has a key that is no revision, or a value that is no KeyValue.
    case malformedRecord(key: [UInt8])
}
