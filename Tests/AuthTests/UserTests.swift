import EtcdAPI
import SwiftProtobuf
import Testing

@testable import Auth

@Suite("Users")
struct UserTests {
    @Test func theRevisionRisesWithEachChangeAndNothingElse() throws {
        var fixture = try AuthFixture()
        #expect(fixture.store.revision == 1)
        try fixture.userAdd("a")
        #expect(fixture.store.revision == 2)
        #expect(throws: EtcdError.userAlreadyExists) { try fixture.userAdd("a") }
        try fixture.roleAdd("r")
        try fixture.userGrant("a", "r")
        #expect(fixture.store.revision == 4)
        try fixture.userGrant("a", "r")
        #expect(fixture.store.revision == 4, "a role that is held already")
        try fixture.apply(.disable)
        #expect(fixture.store.revision == 4, "disabled already")
        try fixture.userAdd("root")
        try fixture.userGrant("root", "root")
        try fixture.apply(.enable)
        #expect(fixture.store.revision == 6 && fixture.store.isEnabled)
        try fixture.apply(.enable)
        try fixture.apply(.authenticate(.with { $0.name = "root" }))
        #expect(fixture.store.revision == 6)
        #expect(try fixture.apply(.disable) == .disabled)
        #expect(fixture.store.revision == 7)
        let restarted = try fixture.restarted()
        #expect(restarted.revision == 7 && !restarted.isEnabled)
        #expect(restarted.snapshot.users == fixture.store.snapshot.users)
    }

    @Test func missingUsersAndRolesAreReported() throws {
        var fixture = try AuthFixture()
        try fixture.userAdd("a")
        #expect(throws: EtcdError.userNotFound) { try fixture.userDelete("ghost") }
        #expect(throws: EtcdError.userNotFound) { try fixture.userDelete("") }
        #expect(throws: EtcdError.userNotFound) { try fixture.userGrant("ghost", "nope") }
        #expect(throws: EtcdError.roleNotFound) { try fixture.userGrant("a", "nope") }
        #expect(throws: EtcdError.roleNotFound) { try fixture.userGrant("a", "") }
        #expect(throws: EtcdError.userNotFound) { try fixture.userRevoke("ghost", "nope") }
        #expect(throws: EtcdError.roleNotGranted) { try fixture.userRevoke("a", "nope") }
        #expect(throws: EtcdError.userNotFound) {
            try fixture.apply(.userChangePassword(.with { $0.name = "ghost" }))
        }
        #expect(throws: EtcdError.userNotFound) { try fixture.apply(.userGet(.init())) }
        #expect(fixture.store.revision == 2)
    }

    @Test func rolesOfAUserAscendByBytes() throws {
        var fixture = try AuthFixture()
        try fixture.userAdd("a")
        for role in ["ü", "b", "Z", "é", "e\u{301}"] {
            try fixture.roleAdd(role)
            try fixture.userGrant("a", role)
        }
        try fixture.userGrant("a", "root")
        let roles = ["Z", "b", "e\u{301}", "root", "é", "ü"].map(name)
        #expect(try fixture.apply(.userGet(.with { $0.name = "a" })) == .userRoles(roles))
        #expect(fixture.store.snapshot.users[name("a")]?.hasRootRole == true)
        #expect(try fixture.apply(.roleList) == .roles(["Z", "b", "e\u{301}", "é", "ü"].map(name)))
    }

    /// Swift's strings are equal if they are canonically equivalent; names are bytes.
    @Test func equivalentNamesAreDifferentUsers() throws {
        var fixture = try AuthFixture()
        try fixture.userAdd("\u{e9}")
        try fixture.userAdd("e\u{301}")
        #expect(fixture.store.snapshot.users.count == 2)
        #expect(try fixture.apply(.userList) == .users([name("e\u{301}"), name("\u{e9}")]))
        try fixture.userDelete("\u{e9}")
        #expect(try fixture.restarted().snapshot.users.keys.map(\.text.utf8.count) == [3])
    }

    @Test func passwordsAreStoredAsGiven() throws {
        var fixture = try AuthFixture()
        func hash(_ name: String) -> [UInt8]? {
            fixture.store.snapshot.users[AuthName(name)]?.password
        }
        try fixture.userAdd("a", hash: base64(bytes("hash")))
        #expect(hash("a") == bytes("hash"))
        try fixture.apply(
            .userChangePassword(
                .with {
                    $0.name = "a"
                    $0.hashedPassword = "bmV3\r\n"
                }))
        #expect(hash("a") == bytes("new"))
        #expect(throws: EtcdError.passwordForNoPasswordUser) {
            try fixture.userAdd("b", hash: "***")
        }
        #expect(throws: EtcdError.passwordForNoPasswordUser) {
            try fixture.apply(
                .userChangePassword(
                    .with {
                        $0.name = "a"
                        $0.hashedPassword = "bmV3="
                    }))
        }
        #expect(hash("a") == bytes("new"))
    }

    @Test func aUserWithoutPasswordStaysWithout() throws {
        var fixture = try AuthFixture()
        let added = AuthRequest.userAdd(
            .with {
                $0.name = "np"
                $0.hashedPassword = "bmV3"
                $0.options.noPassword = true
            })
        try fixture.apply(added)
        let change = AuthRequest.userChangePassword(
            .with {
                $0.name = "np"
                $0.hashedPassword = "***"
            })
        #expect(try fixture.apply(change) == .credentialsChanged(of: name("np")))
        #expect(fixture.store.revision == 3)
        let user = try #require(fixture.store.snapshot.users[name("np")])
        #expect(user.password.isEmpty && user.hasNoPassword)
    }

    /// Members before 3.5 propose passwords that every member hashes with another salt.
    @Test func aPlainPasswordOfAnOldMemberLeavesTheUserWithoutALogin() throws {
        var fixture = try AuthFixture()
        let added = AuthRequest.userAdd(
            .with {
                $0.name = "old"
                $0.password = "plain"
            })
        try fixture.apply(added)
        try fixture.persist()
        let stored = try records("authUsers", of: fixture.bolt)
        #expect(stored == [bytes("old"): [10, 3] + bytes("old") + [34, 0]])
        #expect(fixture.store.revision == 2)
    }

    @Test(arguments: ["", "\0", "a\nb", "\u{7f}", "\u{85}", "\u{9b}31m"])
    func namesThatCannotBePrintedAreRefused(text: String) throws {
        var fixture = try AuthFixture()
        #expect(throws: text.isEmpty ? EtcdError.userEmpty : .userNameInvalid) {
            try fixture.userAdd(text)
        }
        #expect(throws: text.isEmpty ? EtcdError.roleEmpty : .roleNameInvalid) {
            try fixture.roleAdd(text)
        }
        #expect(fixture.store.revision == 1 && fixture.batch.isEmpty)
    }

    /// The longest key of a bbolt file.
    @Test func namesAreAsLongAsTheDatabaseAllows() throws {
        var fixture = try AuthFixture()
        let longest = String(repeating: "ü", count: 16_384)
        try fixture.userAdd(longest)
        try fixture.roleAdd(longest)
        #expect(throws: EtcdError.userNameInvalid) { try fixture.userAdd(longest + "x") }
        #expect(throws: EtcdError.roleNameInvalid) { try fixture.roleAdd(longest + "x") }
        let restarted = try fixture.restarted()
        #expect(restarted.snapshot.users.count == 1 && restarted.snapshot.roles.count == 1)
    }

    /// A database of etcd may have names that are refused here.
    @Test func aStoredUserWithControlCharactersCanBeDeleted() throws {
        var fixture = try AuthFixture()
        fixture.batch.put(
            bucket: AuthBucket.users, key: bytes("x\n"),
            value: AuthUser(name: name("x\n")).encoded())
        fixture.store = try fixture.restarted()
        try fixture.userDelete("x\n")
        #expect(try fixture.restarted().snapshot.users.isEmpty)
    }

    @Test func enablingNeedsRoot() throws {
        var fixture = try AuthFixture()
        #expect(throws: EtcdError.rootUserNotExist) { try fixture.apply(.enable, as: "") }
        try fixture.userAdd("root")
        #expect(throws: EtcdError.rootRoleNotExist) { try fixture.apply(.enable, as: "") }
        #expect(throws: EtcdError.authNotEnabled) {
            try fixture.apply(.authenticate(.with { $0.name = "root" }))
        }
        try fixture.userGrant("root", "root")
        #expect(try fixture.apply(.enable, as: "") == .done)
        #expect(try fixture.apply(.status, as: "") == .status(isEnabled: true, revision: 3))
        #expect(try fixture.restarted().isEnabled)
    }

    @Test func rootCannotBeRemovedWhileEnabled() throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.roleAdd("root")
        let error = EtcdError.invalidAuthManagement
        #expect(throws: error) { try fixture.userDelete("root") }
        #expect(throws: error) { try fixture.userRevoke("root", "root") }
        #expect(throws: error) { try fixture.roleDelete("root") }
        try fixture.userAdd("other")
        try fixture.userGrant("other", "root")
        try fixture.userRevoke("other", "root")
        try fixture.apply(.disable)
        try fixture.userRevoke("root", "root")
        try fixture.userGrant("root", "root")
        try fixture.roleDelete("root")
        #expect(fixture.store.snapshot.users[.root]?.roles == [])
        try fixture.userDelete("root")
    }

    @Test func loginsNeedAUserWithAPassword() throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        let withoutPassword = AuthRequest.userAdd(
            .with {
                $0.name = "np"
                $0.options.noPassword = true
            })
        try fixture.apply(withoutPassword)
        let login = try fixture.apply(
            .authenticate(
                .with {
                    $0.name = "root"
                    $0.simpleToken = "letters"
                }), as: "")
        let expected = AuthResponse.Login(user: .root, simpleToken: "letters", revision: 4)
        #expect(login == .authenticated(expected))
        for name in ["np", "ghost", ""] {
            #expect(throws: EtcdError.authFailed) {
                try fixture.apply(.authenticate(.with { $0.name = name }), as: "")
            }
        }
    }
}
