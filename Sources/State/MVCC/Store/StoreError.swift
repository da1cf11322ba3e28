package import Bolt

/// Why a store could not be opened, persisted or compacted. Each stops the member.
package enum StoreError: Error, Equatable, Sendable {
    /// The backend file failed.
    case bolt(BoltError)
    /// A record has a key that is no revision or not behind the one before, a value that is no
    /// KeyValue or no lease, or numbers that no store comes to.
    case malformedRecord(key: [UInt8])
    /// The key index has no room, at the start or for an entry.
    case index(KeyIndexError)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .bolt(let error): "\(error)"
        case .malformedRecord(let key):
            "the database has a malformed record: "
                + key.map { byte in
                    (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }.joined()
        case .index(let error): "\(error)"
        }
    }
}
