import Auth
import EtcdAPI
import Identifiers
import Lease
import SwiftProtobuf
import Testing

@testable import StateMachine

private typealias Field = InternalRaftRequest.Field

@Suite("Permissions of entries")
struct PermissionTests {
    private func delete(
        _ fixture: StateFixture, _ key: String, as user: String, prevKV: Bool = false
    ) throws -> AppliedEntry {
        let request = DeleteRangeRequest(key: bytes(key)[...], prevKV: prevKV)
        return try fixture.request(Field.deleteRange, request.encoded(), as: user)
    }

    private func txn(
        _ fixture: StateFixture, _ request: TxnRequest, as user: String
    ) throws -> AppliedEntry {
        try fixture.request(Field.txn, request.encoded(), as: user)
    }

    @Test func theHeaderOfAnEntryDecides() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        let revision = fixture.state.auth.revision
        #expect(try fixture.put("a", as: "writer").error == nil)
        #expect(try fixture.put("a", as: "reader").error == .permissionDenied)
        #expect(try fixture.put("b", as: "writer").error == .permissionDenied)
        #expect(try fixture.put("a", as: "ghost").error == .permissionDenied)
        #expect(try fixture.put("a", as: "").error == .permissionDenied, "an empty common name")
        #expect(try fixture.put("a", as: "", revision: 0).error == .userEmpty)
        #expect(
            try fixture.put("a", as: "root", revision: revision - 1).error == .authOldRevision)
        #expect(try fixture.put("z", as: "root", revision: revision + 1).error == nil)
        #expect(fixture.revision == 3)
        // An entry before 3.0 has no header.
        let data = InternalRaftRequest(
            header: nil, payload: .put(PutRequest(key: bytes("a")[...])))
        #expect(try fixture.apply(.request, data.encoded()).error == .userEmpty)
    }

    @Test func everyKindOfRequestIsChecked() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        try fixture.put("a", as: "writer")
        #expect(try delete(fixture, "a", as: "reader").error == .permissionDenied)
        #expect(try delete(fixture, "a", as: "writer", prevKV: true).error == .permissionDenied)
        let putting = TxnRequest(compare: [], success: [putting("a")])
        #expect(try txn(fixture, putting, as: "reader").error == .permissionDenied)
        #expect(try txn(fixture, putting, as: "writer").error == nil)
        let other = TxnRequest(compare: [], success: [], failure: [reading("a")])
        #expect(try txn(fixture, other, as: "writer").error == .permissionDenied)
        let range = RangeRequest(key: bytes("a")[...])
        #expect(
            try fixture.request(Field.range, range.encoded(), as: "writer").error
                == .permissionDenied)
        #expect(try fixture.request(Field.range, range.encoded(), as: "reader").error == nil)
        #expect(try delete(fixture, "a", as: "writer").error == nil)
        #expect(fixture.revision == 4)
    }

    @Test func aChangeIsInEffectFromTheNextEntryOn() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        let proposedAt = fixture.state.auth.revision
        try fixture.auth(Field.authUserRevokeRole) {
            (revocation: inout Etcdserverpb_AuthUserRevokeRoleRequest) in
            revocation.name = "writer"
            revocation.role = "wr"
        }
        #expect(
            try fixture.put("a", as: "writer", revision: proposedAt).error == .authOldRevision)
        #expect(try fixture.put("a", as: "writer").error == .permissionDenied)
        try fixture.request(Field.authDisable, [], as: "root")
        #expect(try fixture.put("a", as: "", revision: 0).error == nil)
    }

    /// Root, then CORRUPT, then NOSPACE, then permissions, then the quota, then the request.
    @Test func checksAreInTheOrderOfEtcd() throws {
        var configuration = StateMachineConfiguration()
        configuration.quota = Quota(configuredBytes: 1)
        let fixture = try StateFixture(configuration)
        try fixture.setUpUsers()
        let unknownLease = PutRequest(key: bytes("a")[...], lease: 404)
        #expect(try fixture.request(unknownLease, as: "reader").error == .permissionDenied)
        let full = try fixture.put("a", as: "reader")
        #expect(full.error == .permissionDenied && !full.raisesSpaceAlarm)
        #expect(try fixture.request(unknownLease, as: "writer").error == .leaseNotFound)
        #expect(try fixture.put("a", as: "writer").error == .noSpace)
        try fixture.alarm(.activate, .nospace)
        #expect(try fixture.put("a", as: "reader").error == .noSpace)
        #expect(try delete(fixture, "a", as: "reader").error == .permissionDenied)
        try fixture.alarm(.activate, .corrupt)
        #expect(try fixture.put("a", as: "reader").error == .corrupt)
        #expect(try delete(fixture, "a", as: "reader").error == .corrupt)
        let list = try fixture.request(Field.authUserList, [], as: "reader")
        #expect(list.error == .permissionDenied)
        #expect(try fixture.request(Field.authUserList, [], as: "root").error == nil)
    }

    @Test func leasesNeedWriteOnTheirKeys() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        func grant(_ id: Int64, _ key: String?) throws {
            let grant = LeaseGrantRequest(ttlSeconds: 60, id: id)
            let applied = try fixture.request(
                Field.leaseGrant, grant.encoded(), as: "", revision: 0)
            #expect(applied.error == nil, "checked when it is called")
            guard let key else { return }
            try fixture.request(PutRequest(key: bytes(key)[...], lease: id), as: "root")
        }
        func revoke(_ id: Int64, as user: String, revision: UInt64? = nil) throws -> EtcdError? {
            try fixture.request(
                Field.leaseRevoke, LeaseRevokeRequest(id: id).encoded(), as: user,
                revision: revision
            ).error
        }
        try grant(1, "a1")
        try grant(2, "z")
        try grant(3, nil)
        let attaching = PutRequest(key: bytes("a2")[...], lease: 2)
        #expect(try fixture.request(attaching, as: "writer").error == .permissionDenied)
        #expect(try revoke(2, as: "writer") == .permissionDenied)
        #expect(try revoke(1, as: "reader") == .permissionDenied)
        #expect(try revoke(1, as: "writer", revision: 1) == .authOldRevision)
        #expect(try revoke(404, as: "reader") == .leaseNotFound)
        #expect(fixture.state.lessor.count == 3)
        #expect(try revoke(1, as: "writer") == nil)
        #expect(try revoke(3, as: "reader") == nil)
        #expect(try revoke(2, as: "root", revision: 1) == nil, "root at any revision")
        #expect(fixture.state.lessor.count == 0)
    }

    @Test func aReplacedStateHasTheUsersOfTheNewOne() throws {
        let fixture = try StateFixture()
        try fixture.addUser("a")
        try fixture.state.store.persist()
        try fixture.edit { transaction in
            try transaction.createBucketIfMissing(bytes("authUsers"))
                .put(bytes("b"), AuthUser(name: AuthName("b")).encoded())
        }
        fixture.state.adopt(try fixture.state.reload(through: 0))
        #expect(fixture.state.auth.snapshot.users.keys.sorted() == ["a", "b"].map { AuthName($0) })
    }
}
