import Auth
import Bolt
import EtcdAPI
import Identifiers
import MVCC
import SwiftProtobuf
import Testing

@testable import StateMachine

private typealias Field = InternalRaftRequest.Field

@Suite("Entries of users and roles")
struct AuthEntryTests {
    @Test func changesAreStoredWithTheirEntry() throws {
        let fixture = try StateFixture()
        try fixture.addUser("root", roles: ["root"])
        try fixture.restart()
        #expect(fixture.state.auth.revision == 3 && fixture.state.appliedIndex == 2)
        #expect(try fixture.stored("auth", "authRevision") == [0, 0, 0, 0, 0, 0, 0, 3])
        #expect(try fixture.enableAuth().auth == .done)
        // Not persisted: lost together with its index.
        try fixture.restart(persisting: false)
        #expect(!fixture.state.auth.isEnabled && fixture.state.appliedIndex == 2)
        fixture.nextIndex = 3
        try fixture.enableAuth()
        try fixture.restart()
        #expect(fixture.state.auth.isEnabled && fixture.state.appliedIndex == 3)
        #expect(try fixture.stored("auth", "authEnabled") == [1])
        #expect(fixture.revision == 1, "the store's revision is another one")
    }

    @Test func anAppliedEntryIsSkippedAfterARestart() throws {
        let fixture = try StateFixture()
        try fixture.addUser("a")
        let again = CommittedEntry(
            index: 1, term: 3, kind: .request,
            data: wrapped(
                Field.authUserDelete,
                try Etcdserverpb_AuthUserDeleteRequest.with { $0.name = "a" }.serializedBytes()))
        try fixture.restart()
        #expect(try fixture.apply(again).isDone)
        #expect(fixture.state.auth.snapshot.users.count == 1)
    }

    @Test func aRefusedEntryChangesNothing() throws {
        let fixture = try StateFixture()
        try fixture.addUser("a")
        let hash = try fixture.fileHash()
        let applied = try fixture.auth(Field.authUserAdd) {
            (add: inout Etcdserverpb_AuthUserAddRequest) in add.name = "a"
        }
        #expect(applied.error == .userAlreadyExists && applied.id == 77)
        #expect("\(applied.operation)" == "AuthUserAdd")
        #expect(try fixture.fileHash() == hash)
        #expect(fixture.state.appliedIndex == 2)
    }

    /// Such a name stops every member of etcd, at every start.
    @Test func aNameThatDoesNotFitIntoTheDatabaseIsRefused() throws {
        let fixture = try StateFixture()
        let name = String(repeating: "x", count: 40_000)
        let applied = try fixture.auth(Field.authUserAdd) {
            (add: inout Etcdserverpb_AuthUserAddRequest) in add.name = name
        }
        #expect(applied.error == .userNameInvalid)
        let role = try fixture.auth(Field.authRoleAdd) {
            (add: inout Etcdserverpb_AuthRoleAddRequest) in add.name = name
        }
        #expect(role.error == .roleNameInvalid)
        try fixture.restart()
        #expect(fixture.state.appliedIndex == 2)
    }

    @Test func queriesReturnWhatIsStored() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        let users = ["reader", "root", "writer"].map { AuthName($0) }
        #expect(try fixture.request(Field.authUserList, [], as: "root").auth == .users(users))
        let roles = ["rd", "wr"].map { AuthName($0) }
        #expect(try fixture.request(Field.authRoleList, [], as: "root").auth == .roles(roles))
        #expect(
            try fixture.request(Field.authStatus, [], as: "").auth
                == .status(isEnabled: true, revision: fixture.state.auth.revision))
        let denied = try fixture.request(Field.authUserList, [], as: "reader")
        #expect(denied.error == .permissionDenied)
        let own = try fixture.auth(Field.authUserGet, as: "reader") {
            (query: inout Etcdserverpb_AuthUserGetRequest) in query.name = "reader"
        }
        #expect(own.auth == .userRoles([AuthName("rd")]))
    }

    @Test func aLoginReturnsWhatTheTokenIsMadeOf() throws {
        let fixture = try StateFixture()
        func login(_ name: String) throws -> AppliedEntry {
            try fixture.auth(Field.authenticate, as: "") {
                (login: inout Etcdserverpb_InternalAuthenticateRequest) in
                login.name = name
                login.simpleToken = "letters"
            }
        }
        #expect(try login("root").error == .authNotEnabled)
        try fixture.setUpUsers()
        let revision = fixture.state.auth.revision
        let expected = AuthResponse.Login(
            user: AuthName("reader"), simpleToken: "letters", revision: revision)
        #expect(try login("reader").auth == .authenticated(expected))
        #expect(try login("ghost").error == .authFailed)
        #expect(fixture.state.auth.revision == revision)
    }

    @Test func membersWithTheSameEntriesHaveTheSameFile() throws {
        let hashes = try (0..<2).map { _ in
            let fixture = try StateFixture()
            try fixture.setUpUsers()
            try fixture.put("a", as: "writer")
            try fixture.put("a", as: "reader")
            try fixture.auth(Field.authRoleDelete) {
                (delete: inout Etcdserverpb_AuthRoleDeleteRequest) in delete.role = "rd"
            }
            try fixture.request(Field.authDisable, [], as: "root")
            return try fixture.fileHash()
        }
        #expect(hashes[0] == hashes[1])
    }

    @Test func damagedUsersStopTheStart() throws {
        let fixture = try StateFixture()
        try fixture.edit { transaction in
            try transaction.createBucketIfMissing(bytes("authUsers")).put(bytes("a"), [0xFF])
        }
        #expect(throws: StoreError.malformedRecord(key: bytes("a"))) { try fixture.restart() }
    }

    @Test func anUndecodableRequestStopsTheMember() throws {
        let fixture = try StateFixture()
        #expect(throws: StateError.undecodableEntry(index: 1)) {
            try fixture.request(Field.authUserAdd, [0xFF])
        }
    }
}
