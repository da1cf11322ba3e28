package import EtcdAPI
import Bolt

/// A user or a role, as it is stored in its bucket under its name.
package protocol AuthRecord: WireMessage {
    /// The bucket of these records.
    static var bucket: [UInt8] { get }
    /// The name, which is the key of the record.
    var name: AuthName { get }
}

extension AuthUser: AuthRecord {
    package static var bucket: [UInt8] { AuthBucket.users }
}

extension AuthRole: AuthRecord {
    package static var bucket: [UInt8] { AuthBucket.roles }
}

extension AuthRecord {
    /// A stored record; nil if the value is not the record of the key.
    package init?(storedKey: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard let record = try? Self(decoding: value), !storedKey.isEmpty,
            record.name.text.utf8.elementsEqual(storedKey)
        else { return nil }
        self = record
    }
}

/// Changes of records, in memory and in the transaction of their entry.
extension AuthContent {
    mutating func store(_ user: AuthUser, into batch: inout BoltWriteBatch) {
        users[user.name] = user
        batch.put(user)
    }

    mutating func store(_ role: AuthRole, into batch: inout BoltWriteBatch) {
        roles[role.name] = role
        batch.put(role)
    }

    mutating func deleteUser(_ name: AuthName, into batch: inout BoltWriteBatch) {
        users[name] = nil
        batch.delete(bucket: AuthUser.bucket, key: name.storageKey)
    }

    mutating func deleteRole(_ name: AuthName, into batch: inout BoltWriteBatch) {
        roles[name] = nil
        batch.delete(bucket: AuthRole.bucket, key: name.storageKey)
    }
}

extension BoltWriteBatch {
    fileprivate mutating func put<Record: AuthRecord>(_ record: Record) {
        put(bucket: Record.bucket, key: record.name.storageKey, value: record.encoded())
    }
}
