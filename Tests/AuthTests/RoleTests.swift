import EtcdAPI
import SwiftProtobuf
import Testing

@testable import Auth

@Suite("Roles")
struct RoleTests {
    private func permissions(_ fixture: AuthFixture, _ role: String) -> [String] {
        (fixture.store.snapshot.roles[name(role)]?.permissions ?? []).map { permission in
            "\(permission.kind.rawValue) \(String(decoding: permission.key, as: UTF8.self))"
                + " \(String(decoding: permission.rangeEnd, as: UTF8.self))"
        }
    }

    /// As recorded of etcd 3.7.1.
    @Test func onlyTheFirstPermissionOfAKeyIsChangedByAGrant() throws {
        var fixture = try AuthFixture()
        try fixture.roleAdd("r")
        try fixture.grant("r", 0, "m")
        try fixture.grant("r", 1, "m", "n")
        try fixture.grant("r", 2, "m", "n")
        #expect(permissions(fixture, "r") == ["0 m ", "1 m n", "2 m n"])
        try fixture.grant("r", 1, "m")
        #expect(permissions(fixture, "r") == ["1 m ", "1 m n", "2 m n"])
        try fixture.grant("r", 0, "q", "\0")
        try fixture.grant("r", 0, "\0", "\0")
        try fixture.grant("r", 0, "\0")
        try fixture.grant("r", 9, "zz")
        #expect(
            permissions(fixture, "r") == [
                "0 \0 \0", "0 \0 ", "1 m ", "1 m n", "2 m n", "0 q \0", "9 zz ",
            ])
        #expect(fixture.store.revision == 10)
        #expect(throws: EtcdError.permissionNotGranted) { try fixture.revoke("r", "nokey") }
        #expect(throws: EtcdError.permissionNotGranted) { try fixture.revoke("r", "q") }
        #expect(throws: EtcdError.permissionNotGranted) { try fixture.revoke("r", "") }
        #expect(throws: EtcdError.roleNotFound) { try fixture.revoke("nope", "m") }
        try fixture.revoke("r", "m", "n")
        #expect(
            permissions(fixture, "r") == ["0 \0 \0", "0 \0 ", "1 m ", "0 q \0", "9 zz "],
            "all equal ones")
        #expect(try fixture.restarted().snapshot.roles == fixture.store.snapshot.roles)
    }

    @Test func aPermissionNeedsKeys() throws {
        var fixture = try AuthFixture()
        try fixture.roleAdd("r")
        let error = EtcdError.invalidAuthManagement
        for (key, end) in [("", ""), ("", "\0"), ("b", "a"), ("b", "b")] {
            #expect(throws: error) { try fixture.grant("r", 0, key, end) }
            #expect(throws: error) { try fixture.grant("nope", 0, key, end) }
        }
        #expect(throws: EtcdError.permissionNotGiven) {
            try fixture.apply(.roleGrantPermission(.with { $0.name = "nope" }))
        }
        #expect(throws: EtcdError.roleNotFound) { try fixture.grant("nope", 0, "b") }
        #expect(fixture.store.revision == 2)
    }

    @Test func aDeletedRoleIsTakenFromItsUsersInOneRevision() throws {
        var fixture = try AuthFixture()
        try fixture.roleAdd("r")
        for user in ["a", "b", "c"] { try fixture.userAdd(user) }
        try fixture.userGrant("a", "r")
        try fixture.userGrant("c", "r")
        try fixture.roleDelete("r")
        #expect(fixture.store.revision == 8)
        let restarted = try fixture.restarted()
        #expect(restarted.snapshot.users.values.allSatisfy { $0.roles.isEmpty })
        #expect(restarted.snapshot.roles.isEmpty)
        #expect(throws: EtcdError.roleNotFound) { try fixture.roleDelete("r") }
        #expect(throws: EtcdError.roleNotFound) { try fixture.roleDelete("") }
        try fixture.roleAdd("r")
        #expect(throws: EtcdError.roleAlreadyExists) { try fixture.roleAdd("r") }
        #expect(fixture.store.snapshot.users[name("a")]?.roles == [], "not granted back")
    }

    @Test func theRoleRootListsAPermissionOnAllKeys() throws {
        var fixture = try AuthFixture()
        let query = AuthRequest.roleGet(.with { $0.role = "root" })
        #expect(throws: EtcdError.roleNotFound) { try fixture.apply(query) }
        try fixture.roleAdd("root")
        try fixture.grant("root", 0, "k")
        let everything = AuthPermission(.readWrite, key: [], rangeEnd: [0])
        #expect(try fixture.apply(query) == .permissions([everything]))
    }

    @Test func usersSeeThemselvesAndTheirRoles() throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.user("reader", [(0, "a", "b")])
        try fixture.roleAdd("other")
        let own = AuthRequest.userGet(.with { $0.name = "reader" })
        #expect(try fixture.apply(own, as: "reader") == .userRoles([name("reader")]))
        let role = AuthRequest.roleGet(.with { $0.role = "reader" })
        let permission = AuthPermission(.read, key: bytes("a"), rangeEnd: bytes("b"))
        #expect(try fixture.apply(role, as: "reader") == .permissions([permission]))
        for other in ["root", "ghost"] {
            #expect(throws: EtcdError.permissionDenied) {
                try fixture.apply(.userGet(.with { $0.name = other }), as: "reader")
            }
        }
        for other in ["other", "ghost"] {
            #expect(throws: EtcdError.permissionDenied) {
                try fixture.apply(.roleGet(.with { $0.role = other }), as: "reader")
            }
        }
        #expect(throws: EtcdError.userEmpty) { try fixture.apply(own, as: "") }
        #expect(throws: EtcdError.userNotFound) {
            try fixture.apply(.userGet(.with { $0.name = "ghost" }), as: "ghost")
        }
    }

    @Test func changesNeedRoot() throws {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.userAdd("a")
        let requests: [AuthRequest] = [
            .enable, .disable, .userAdd(.init()), .userList, .userDelete(.init()),
            .userChangePassword(.init()), .userGrantRole(.init()), .userRevokeRole(.init()),
            .roleAdd(.init()), .roleList, .roleDelete(.init()), .roleGrantPermission(.init()),
            .roleRevokePermission(.init()),
        ]
        for request in requests {
            #expect(throws: EtcdError.permissionDenied) { try fixture.apply(request, as: "a") }
            #expect(throws: EtcdError.userEmpty) { try fixture.apply(request, as: "") }
            #expect(throws: EtcdError.userNotFound) { try fixture.apply(request, as: "ghost") }
        }
        #expect(fixture.store.revision == 4)
    }
}
