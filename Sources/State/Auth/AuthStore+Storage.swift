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
        if let bucket = try transaction.bucket(AuthBucket.users) {
            var cursor = bucket.cursor()
            while let (key, value) = try cursor.next() {
                guard let user = AuthUser(storedKey: key, value: value) else { return [UInt8](key) }
                users[user.name] = user
            }
        }
        if let bucket = try transaction.bucket(AuthBucket.roles) {
            var cursor = bucket.cursor()
            while let (key, value) = try cursor.next() {
                guard let role = AuthRole(storedKey: key, value: value) else { return [UInt8](key) }
                roles[role.name] = role
            }
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

extension AuthUser {
    /// A stored user; nil if the value is not the user of the key.
    package init?(storedKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let user = try? AuthUser(decoding: value), !storedKey.isEmpty,
            user.name.text.utf8.elementsEqual(storedKey)
        else { return nil }
        self = user
    }
}

extension AuthRole {
    /// A stored role; nil if the value is not the role of the key.
    package init?(storedKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let role = try? AuthRole(decoding: value), !storedKey.isEmpty,
            role.name.text.utf8.elementsEqual(storedKey)
        else { return nil }
        self = role
    }
}
