package import Bolt
import EtcdAPI

/// Buckets `auth`, `authUsers` and `authRoles`, as etcd stores them.
extension AuthStore {
    /// Reads the stored state, at start.
    package init(from transaction: BoltReadTransaction) throws(AuthRestoreError) {
        var content = AuthContent()
        var malformed: [UInt8]?
        do throws(PageFault) {
            malformed = try content.restore(from: transaction)
        } catch {
            throw .damagedPage(error)
        }
        if let malformed { throw .malformedRecord(key: malformed) }
        replace(with: AuthSnapshot(content))
    }

    /// Records the first auth revision in a database that has none, as etcd does when it opens one.
    package static func recordFirstRevision(in bolt: Bolt) throws(BoltError) {
        let transaction = bolt.beginWrite()
        defer { if transaction.isOpen { transaction.rollback() } }
        let auth = try transaction.createBucketIfMissing(AuthBucket.auth)
        let stored = try auth.get(AuthBucket.revision) ?? []
        guard stored.allSatisfy({ $0 == 0 }) else { return }
        try auth.put(AuthBucket.revision, AuthContent().storedRevision)
        try transaction.commit()
    }
}

/// Damage of the stored users or roles. It stops the start: permissions could not be enforced.
package enum AuthRestoreError: Error, Equatable, Sendable {
    case damagedPage(PageFault)
    case malformedRecord(key: [UInt8])
}

extension AuthContent {
    /// Records a change of users or roles.
    mutating func raiseRevision(into batch: inout BoltWriteBatch) {
        revision &+= 1
        batch.put(bucket: AuthBucket.auth, key: AuthBucket.revision, value: storedRevision)
    }

    fileprivate var storedRevision: [UInt8] {
        withUnsafeBytes(of: revision.bigEndian) { [UInt8]($0) }
    }

    /// - Returns: the key of the first malformed record, or nil if all are well-formed.
    fileprivate mutating func restore(
        from transaction: BoltReadTransaction
    ) throws(PageFault) -> [UInt8]? {
        if let auth = try transaction.bucket(AuthBucket.auth) {
            guard restore(enabled: try auth.get(AuthBucket.enabled)) else {
                return AuthBucket.enabled
            }
            guard restore(revision: try auth.get(AuthBucket.revision)) else {
                return AuthBucket.revision
            }
        }
        if let malformed = try Self.restore(&users, from: transaction) { return malformed }
        return try Self.restore(&roles, from: transaction)
    }

    /// Reads a bucket. Returns as `restore(from:)`.
    private static func restore<Record: AuthRecord>(
        _ records: inout [AuthName: Record], from transaction: BoltReadTransaction
    ) throws(PageFault) -> [UInt8]? {
        guard let bucket = try transaction.bucket(Record.bucket) else { return nil }
        var cursor = bucket.cursor()
        while let (key, value) = try cursor.next() {
            guard let record = Record(storedKey: key, value: value) else { return [UInt8](key) }
            records[record.name] = record
        }
        return nil
    }

    /// - Returns: false if the value is neither on nor off.
    private mutating func restore(enabled stored: [UInt8]?) -> Bool {
        isEnabled = stored == [1]
        return stored == nil || stored == [0] || isEnabled
    }

    /// The revision of a store in which it was never stored, or as 0, is 1.
    ///
    /// - Returns: false if the value is not a number of 64 bits.
    private mutating func restore(revision stored: [UInt8]?) -> Bool {
        guard let stored else { return true }
        revision = max(stored.reduce(0) { $0 << 8 | UInt64($1) }, 1)
        return stored.count == 8
    }
}
