/// Identity of a lease: any 64-bit number but 0, which means "no lease".
package struct LeaseID: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// The absence of a lease in a put.
    package static let none = LeaseID(rawValue: 0)

    package static func < (left: LeaseID, right: LeaseID) -> Bool { left.rawValue < right.rawValue }

    /// Key in bucket `lease`: the 64 bits, big-endian.
    var storageKey: [UInt8] {
        withUnsafeBytes(of: UInt64(bitPattern: rawValue).bigEndian) { [UInt8]($0) }
    }
}

/// A point of the monotonic clock that the runtime hands in, in milliseconds.
package typealias ClockMilliseconds = Int64

/// One granted lease and the keys that live as long as it.
package struct Lease: Sendable {
    package let id: LeaseID
    /// Time to live as granted, in seconds; at most `Lessor.maximumSeconds`.
    package let grantedSeconds: Int64
    /// Rest of the life as last checkpointed, in seconds; 0 when there is no checkpoint.
    package internal(set) var checkpointedSeconds: Int64 = 0
    /// Whether a checkpoint of it is on its way through the log: what it says may be overtaken by a
    /// renewal.
    var isCheckpointUnderWay = false
    /// When it ends; nil while this member is not the primary lessor ("forever").
    package internal(set) var expiry: ClockMilliseconds?
    /// When its rest is told to all members; nil when that is not planned.
    var nextCheckpoint: ClockMilliseconds?
    /// Keys attached to it.
    package internal(set) var keys: Set<[UInt8]> = []

    /// What a grant or a renewal gives to it.
    var grantedMilliseconds: Int64 { grantedSeconds * 1000 }

    /// What a promotion gives back to it: the checkpointed rest, else the whole. A checkpoint is
    /// stored as it comes, so it may name any number; a rest is never more than the whole.
    var restoredMilliseconds: Int64 {
        guard checkpointedSeconds > 0 else { return grantedMilliseconds }
        return min(checkpointedSeconds, grantedSeconds) * 1000
    }

    /// Attached keys, ascending, so that every member deletes them in the same order.
    package var sortedKeys: [[UInt8]] {
        keys.sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// Whole seconds left, rounded down as etcd does; 0 once it is over.
    package func remainingSeconds(at now: ClockMilliseconds) -> Int64 {
        guard let expiry else { return grantedSeconds }
        return max(expiry - now, 0) / 1000
    }
}
