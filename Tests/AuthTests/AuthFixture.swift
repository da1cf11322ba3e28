import Bolt
import Disk
import EtcdAPI
import SwiftProtobuf
import Testing

@testable import Auth

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func name(_ text: String) -> AuthName { AuthName(text) }

/// An auth store and the database file that stores its changes.
struct AuthFixture {
    let bolt: Bolt
    var store = AuthStore()
    var batch = BoltWriteBatch()

    init() throws {
        bolt = try Bolt.open(disk: MemoryDisk(), path: "db")
    }

    /// Executes a request as a user, by default as root.
    @discardableResult
    mutating func apply(_ request: AuthRequest, as user: String = "root") throws -> AuthResponse {
        let requester = Requester(user: name(user), revision: store.revision)
        return try store.apply(request, by: requester, into: &batch)
    }

    mutating func userAdd(_ name: String, hash: String = "") throws {
        try apply(
            .userAdd(
                .with {
                    $0.name = name
                    $0.hashedPassword = hash
                }))
    }

    mutating func userGrant(_ user: String, _ role: String) throws {
        try apply(
            .userGrantRole(
                .with {
                    $0.user = user
                    $0.role = role
                }))
    }

    mutating func userRevoke(_ user: String, _ role: String) throws {
        try apply(
            .userRevokeRole(
                .with {
                    $0.name = user
                    $0.role = role
                }))
    }

    mutating func userDelete(_ name: String) throws {
        try apply(.userDelete(.with { $0.name = name }))
    }

    mutating func roleAdd(_ name: String) throws {
        try apply(.roleAdd(.with { $0.name = name }))
    }

    mutating func roleDelete(_ name: String) throws {
        try apply(.roleDelete(.with { $0.role = name }))
    }

    mutating func grant(
        _ role: String, _ kind: Int, _ key: String, _ end: String = ""
    ) throws {
        try apply(
            .roleGrantPermission(
                .with {
                    $0.name = role
                    $0.perm.permType = .init(rawValue: kind) ?? .UNRECOGNIZED(kind)
                    $0.perm.key = .init(bytes(key))
                    $0.perm.rangeEnd = .init(bytes(end))
                }))
    }

    mutating func revoke(_ role: String, _ key: String, _ end: String = "") throws {
        try apply(
            .roleRevokePermission(
                .with {
                    $0.role = role
                    $0.key = .init(bytes(key))
                    $0.rangeEnd = .init(bytes(end))
                }))
    }

    /// User root with the role root, and authentication enabled.
    mutating func enable() throws {
        try userAdd("root")
        try userGrant("root", "root")
        try apply(.enable)
    }

    /// A user with a role of its own that has these permissions.
    mutating func user(_ name: String, _ permissions: [(Int, String, String)]) throws {
        try userAdd(name)
        try roleAdd(name)
        for (kind, key, end) in permissions { try grant(name, kind, key, end) }
        try userGrant(name, name)
    }

    func authorization(of user: String, revision: UInt64? = nil) -> Authorization {
        store.snapshot.authorization(
            of: Requester(user: name(user), revision: revision ?? store.revision))
    }

    /// Commits the pending changes.
    mutating func persist() throws {
        let transaction = bolt.beginWrite()
        try batch.apply(to: transaction)
        try transaction.commit()
        batch.removeAll()
    }

    /// Commits the pending changes and reads them into a new store, as at start.
    mutating func restarted() throws -> AuthStore {
        try persist()
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try AuthStore(from: reading)
    }
}

/// The records of a bucket.
func records(_ bucket: String, of bolt: Bolt) throws -> [[UInt8]: [UInt8]] {
    let reading = bolt.beginRead()
    defer { reading.end() }
    var records: [[UInt8]: [UInt8]] = [:]
    guard var cursor = try reading.bucket(bytes(bucket))?.cursor() else { return [:] }
    while let (key, value) = try cursor.next() { records[[UInt8](key)] = [UInt8](value) }
    return records
}

extension Authorization {
    /// The error of an access; nil if it is permitted.
    func error(_ access: KeyAccess, _ key: String, _ end: String = "") -> EtcdError? {
        error { () throws(EtcdError) in try require(access, bytes(key)[...], bytes(end)[...]) }
    }

    func error(_ check: () throws(EtcdError) -> Void) -> EtcdError? {
        do throws(EtcdError) {
            try check()
            return nil
        } catch {
            return error
        }
    }
}
