import Bolt
import Disk
import EtcdAPI
import SwiftProtobuf
import Testing

@testable import Auth

/// A database of etcd 3.7.1, and the operations that made it.
@Suite("The auth store of a recorded database")
struct RecordedStoreTests {
    private static let path: String = {
        var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        parts[parts.count - 1] = "Recorded/auth-store.db"
        return parts.joined(separator: "/")
    }()

    private func recorded() throws -> Bolt {
        let source = try RealDisk().open(Self.path, .read)
        defer { source.close() }
        var image = [UInt8](repeating: 0, count: try source.size())
        _ = try image.withUnsafeMutableBytes { try source.read(into: $0, at: 0) }
        let disk = MemoryDisk()
        let file = try disk.open("db", .create(permissions: 0o600))
        try image.withUnsafeBytes { try file.write($0, at: 0) }
        file.close()
        return try Bolt.open(disk: disk, path: "db")
    }

    private func load(_ bolt: Bolt) throws -> AuthStore {
        let reading = bolt.beginRead()
        defer { reading.end() }
        return try AuthStore(from: reading)
    }

    @Test func itLoads() throws {
        let store = try load(recorded())
        #expect(store.isEnabled && store.revision == 159)
        #expect(store.snapshot.users.count == 36 && store.snapshot.roles.count == 6)
        let alice = try #require(store.snapshot.users[name("alice")])
        #expect(alice.roles == [name("reader"), name("writer")] && !alice.hasRootRole)
        #expect(store.snapshot.users[.root]?.hasRootRole == true)
        #expect(store.snapshot.users[name("nopw")]?.hasNoPassword == true)
        #expect(store.snapshot.users[name("user30")]?.roles == [name("many")])
        #expect(store.snapshot.roles[name("many")]?.permissions.count == 60)
    }

    @Test func everyRecordEncodesToItsBytes() throws {
        let bolt = try recorded()
        for (key, value) in try records("authUsers", of: bolt) {
            #expect(try AuthUser(decoding: value).encoded() == value, "user \(key)")
        }
        for (key, value) in try records("authRoles", of: bolt) {
            #expect(try AuthRole(decoding: value).encoded() == value, "role \(key)")
        }
    }

    /// The bcrypt texts have random salts, so those of the recorded users are the input.
    @Test func theSameOperationsWriteTheSameBytes() throws {
        let bolt = try recorded()
        var replay = AuthReplay(fixture: try AuthFixture(), recorded: try load(bolt).snapshot)
        try replay.addUsers()
        try replay.addRoles()
        try replay.grantRoles()
        try replay.addManyUsers()
        try replay.enableAndDisable()
        try replay.fixture.persist()
        for bucket in ["auth", "authUsers", "authRoles"] {
            let written = try records(bucket, of: replay.fixture.bolt)
            #expect(try written == records(bucket, of: bolt), "bucket \(bucket)")
        }
    }
}

/// The recorded operations in order, with the auth revision after each step.
private struct AuthReplay {
    var fixture: AuthFixture
    let recorded: AuthSnapshot

    private func expectRevision(_ revision: UInt64) {
        #expect(fixture.store.revision == revision)
    }

    private mutating func add(_ name: String, password: Bool = true) throws {
        let hash = recorded.users[AuthName(name)]?.password ?? []
        try fixture.apply(
            .userAdd(
                .with {
                    $0.name = name
                    if password { $0.hashedPassword = base64(hash) }
                    if !password { $0.options.noPassword = true }
                }))
    }

    private mutating func changePassword(_ name: String) throws {
        let hash = recorded.users[AuthName(name)]?.password ?? []
        let response = try fixture.apply(
            .userChangePassword(
                .with {
                    $0.name = name
                    $0.hashedPassword = base64(hash)
                }))
        #expect(response == .credentialsChanged(of: AuthName(name)))
    }

    mutating func addUsers() throws {
        for name in ["root", "alice", "bob"] { try add(name) }
        try add("nopw", password: false)
        for name in ["üser/1", "deleted"] { try add(name) }
        try changePassword("bob")
        try add("emptyhash")
        try changePassword("emptyhash")
        expectRevision(10)
    }

    mutating func addRoles() throws {
        for role in ["reader", "writer", "empty", "dup", "deletedrole", "root", "many"] {
            try fixture.roleAdd(role)
        }
        for index in 0..<60 {
            let number = (59 - index < 10 ? "0" : "") + "\(59 - index)"
            try fixture.grant("many", index % 3, "/t/\(number)/", "/t/\(number)0")
        }
        expectRevision(77)
        try fixture.grant("reader", 0, "/app/", "/app0")
        try fixture.grant("reader", 0, "a")
        try fixture.grant("writer", 1, "/app/", "/app0")
        try fixture.grant("writer", 2, "m", "\0")
        try fixture.apply(
            .roleGrantPermission(
                .with {
                    $0.name = "writer"
                    $0.perm.permType = .readwrite
                    $0.perm.key = .init([0, 255])
                    $0.perm.rangeEnd = .init([1])
                }))
        try fixture.grant("dup", 0, "k")
        try fixture.grant("dup", 1, "k", "l")
        try fixture.grant("dup", 2, "k", "l")
        try fixture.grant("dup", 0, "z")
        try fixture.revoke("dup", "z")
        try fixture.grant("deletedrole", 0, "k")
        expectRevision(88)
    }

    mutating func grantRoles() throws {
        for (user, role) in [
            ("root", "root"), ("alice", "writer"), ("alice", "reader"), ("alice", "deletedrole"),
            ("bob", "dup"), ("nopw", "reader"), ("nopw", "empty"),
        ] {
            try fixture.userGrant(user, role)
        }
        try fixture.userRevoke("nopw", "empty")
        try fixture.roleDelete("deletedrole")
        try fixture.userDelete("deleted")
        expectRevision(98)
    }

    mutating func addManyUsers() throws {
        let names = (1...30).map { "user" + ($0 < 10 ? "0" : "") + "\($0)" }
        for name in names { try add(name, password: false) }
        for name in names { try fixture.userGrant(name, "many") }
        expectRevision(158)
    }

    mutating func enableAndDisable() throws {
        let login = AuthRequest.authenticate(
            .with {
                $0.name = "root"
                $0.simpleToken = "letters"
            })
        try fixture.apply(.enable, as: "")
        try fixture.apply(login, as: "")
        expectRevision(158)
        #expect(try fixture.apply(.disable) == .disabled)
        try fixture.apply(.enable, as: "")
        try fixture.apply(login, as: "")
        expectRevision(159)
    }
}

/// Base64 with padding.
func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        bits <<= UInt32(8 * (3 - group.count))
        for index in 0..<4 {
            let value = Int(bits >> UInt32(18 - 6 * index)) & 63
            text.append(index <= group.count ? alphabet[value] : "=")
        }
    }
    return text
}
