package import Bolt

/// Why a store could not be opened, persisted or compacted. Each stops the member.
package enum StoreError: Error, Equatable, Sendable {
    /// The backend file failed.
    case bolt(BoltError)
    /// A record has a key that is no revision or not behind the one before, a value that is no
    /// KeyValue or no lease, or numbers that no store comes to.
    case malformedRecord(key: [UInt8])
}
