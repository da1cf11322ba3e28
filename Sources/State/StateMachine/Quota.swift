package import Bolt
package import EtcdAPI

/// The backend quota, with etcd's estimate of what a request adds to the database.
///
/// A request fits while database size + cost stays below the limit. Deletes, compactions and reads
/// cost nothing, so that space can still be freed on a full member.
package struct Quota: Sendable {
    /// What counts as the size of the database, and how its alarm ends.
    package enum Rule: Sendable {
        /// The pages in use. The alarm ends by itself once deletes and compactions have made room.
        case inUse
        /// The size of the file. The alarm ends when it is disarmed.
        case etcd
    }

    /// The limit for a configured value of 0.
    package static let defaultBytes: Int64 = 2 * 1024 * 1024 * 1024

    private static let putOverheadBytes = 256
    private static let leaseBytes = 64

    /// The limit in bytes; nil means no limit.
    package let bytesMax: Int64?
    package let rule: Rule

    /// - Parameter configuredBytes: 0 is the default limit, a negative number none.
    package init(configuredBytes: Int64, rule: Rule = .inUse) {
        self.rule = rule
        switch configuredBytes {
        case 0: bytesMax = Self.defaultBytes
        case ..<0: bytesMax = nil
        default: bytesMax = configuredBytes
        }
    }

    /// Whether a request of this cost fits into a database of this size.
    package func admits(costBytes: Int, databaseBytes: Int) -> Bool {
        guard let bytesMax, costBytes > 0 else { return true }
        return Int64(databaseBytes) + Int64(costBytes) < bytesMax
    }

    /// Bytes of the database once everything applied is written. Free pages are filled first; by
    /// etcd's rule the file does not shrink by itself.
    package func countedBytes(of bolt: Bolt, pendingBytes: Int) -> Int {
        let inUse = bolt.sizeInUseBytes + pendingBytes
        return rule == .etcd ? max(bolt.sizeBytes, inUse) : inUse
    }

    /// Whether the alarm may end by itself: an eighth of the quota is free, so that it is not raised
    /// again at once. Without a quota the size does not matter.
    package func endsAlarm(databaseBytes: Int) -> Bool {
        guard rule == .inUse else { return false }
        guard let bytesMax else { return databaseBytes < .max }
        return Int64(databaseBytes) <= bytesMax - bytesMax / 8
    }

    /// Estimated growth by a put.
    package static func cost(of put: PutRequest) -> Int {
        putOverheadBytes + put.key.count + put.value.count
    }

    /// Estimated growth by a transaction: its more expensive branch.
    package static func cost(of transaction: TxnRequest) -> Int {
        max(cost(of: transaction.success), cost(of: transaction.failure))
    }

    /// Estimated growth by a lease.
    package static func costOfLease() -> Int { leaseBytes }

    private static func cost(of operations: [RequestOp]) -> Int {
        var sum = 0
        for operation in operations {
            switch operation {
            case .put(let put): sum += cost(of: put)
            case .txn(let nested): sum += cost(of: nested)
            case .range, .deleteRange, .none: break
            }
        }
        return sum
    }
}
