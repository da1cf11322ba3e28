package import MonotonicClock

/// ID of a lease: any 64-bit number but 0, which means "no lease".
package struct LeaseID: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// The absence of a lease in a put.
    package static let none = LeaseID(rawValue: 0)

    package static func < (left: LeaseID, right: LeaseID) -> Bool { left.rawValue < right.rawValue }

    /// Key in bucket `lease`: 64 bits, big-endian.
    var storageKey: [UInt8] {
        withUnsafeBytes(of: UInt64(bitPattern: rawValue).bigEndian) { [UInt8]($0) }
    }
}

/// One granted lease and the keys attached to it.
package struct Lease: Sendable {
    package let id: LeaseID
    /// Granted TTL, in seconds; at most `Lessor.ttlSecondsMax`.
    package let grantedSeconds: Int64
    /// Remaining TTL as last checkpointed, in seconds; 0 without a checkpoint.
    package internal(set) var checkpointedSeconds: Int64 = 0
    /// Whether a proposed checkpoint is not applied yet: a renewal may make it outdated.
    var isCheckpointPending = false
    /// When it expires; nil (never) while this member is not the primary lessor.
    package internal(set) var expiry: MonotonicTime?
    /// When the next checkpoint is due; nil when none is scheduled.
    var nextCheckpoint: MonotonicTime?
    /// Keys attached to it.
    package internal(set) var keys: Set<[UInt8]> = []

    /// The TTL after a grant or a renewal.
    var grantedTime: TimeSpan { .seconds(grantedSeconds) }

    /// The TTL after a promotion: the checkpointed remaining TTL, else the granted one. Checkpoints
    /// are stored unchecked, so the remaining TTL is limited to the granted one.
    var restoredTime: TimeSpan {
        guard checkpointedSeconds > 0 else { return grantedTime }
        return .seconds(min(checkpointedSeconds, grantedSeconds))
    }

    /// Attached keys, ascending, so that every member deletes them in the same order.
    package var sortedKeys: [[UInt8]] { SortedKeys.sorted(keys) }

    /// Remaining TTL in seconds, rounded down as in etcd; 0 once expired.
    package func remainingSeconds(at now: MonotonicTime) -> Int64 {
        guard let expiry else { return grantedSeconds }
        return max(expiry - now, .zero) / .seconds(1)
    }
}
