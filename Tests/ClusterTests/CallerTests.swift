import Auth
import Credentials
import Dispatch
import EtcdAPI
import FoundationEssentials
import HTTPServices
import Identifiers
import Lease
import MemberRuntime
import NIOHTTP1
import PeerTransport
import Stages
import StateMachine
import SwiftProtobuf
import Testing

@testable import EtcdServer
@testable import GRPCServices

private typealias Field = InternalRaftRequest.Field

/// Who calls, and what other members may do with a caller's token.
@Suite("Callers", .serialized)
struct CallerTests {
    private func makeFixture() async throws -> ClusterFixture {
        let fixture = try await ClusterFixture { appliedIndex in
            SimpleTokens(timeToLive: .seconds(60), appliedIndex: appliedIndex) { .now() }
        }
        try await fixture.start()
        return fixture
    }

    /// Root, a reader of the keys from a to b, and authentication enabled.
    private func addUsers(_ fixture: ClusterFixture) async throws {
        for name in ["root", "reader"] {
            try await fixture.auth(Field.authUserAdd) {
                (add: inout Etcdserverpb_AuthUserAddRequest) in
                add.name = name
                add.hashedPassword = "eA=="
            }
        }
        try await fixture.auth(Field.authRoleAdd) {
            (add: inout Etcdserverpb_AuthRoleAddRequest) in add.name = "rd"
        }
        try await fixture.auth(Field.authRoleGrantPermission) {
            (grant: inout Etcdserverpb_AuthRoleGrantPermissionRequest) in
            grant.name = "rd"
            grant.perm.key = Data("a".utf8)
            grant.perm.rangeEnd = Data("b".utf8)
        }
        for (user, role) in [("root", "root"), ("reader", "rd")] {
            try await fixture.auth(Field.authUserGrantRole) {
                (grant: inout Etcdserverpb_AuthUserGrantRoleRequest) in
                grant.user = user
                grant.role = role
            }
        }
        _ = try await fixture.propose(Field.authEnable, [])
    }

    private static let letters = "abcdefghijklmnop"

    /// - Returns: the token of a login, whose entry is the last one.
    private func logIn(_ user: String, _ fixture: ClusterFixture) async throws -> String {
        try await fixture.auth(Field.authenticate) {
            (login: inout Etcdserverpb_InternalAuthenticateRequest) in
            login.name = user
            login.simpleToken = Self.letters
        }
        return "\(Self.letters).\(fixture.runtime.applied)"
    }

    private func identity(
        _ fixture: ClusterFixture, token: String?, commonName: String? = nil
    ) async throws(EtcdError) -> Identity {
        try await fixture.services.context.identity(
            of: CallCredentials(token: token, commonName: commonName))
    }

    @Test func everyServedMethodHasARule() async throws {
        let fixture = try await ClusterFixture()
        let served = Set(fixture.services.methods.map(\.path))
        #expect(served == Set(RPCRule.table.keys))
        try await fixture.stop()
    }

    @Test func credentialsNameTheCaller() async throws {
        let fixture = try await makeFixture()
        #expect(try await identity(fixture, token: "nonsense", commonName: "cn") == .none)
        try await addUsers(fixture)
        let token = try await logIn("root", fixture)
        let root = Identity.user(.root, revision: nil)
        #expect(try await identity(fixture, token: token) == root)
        #expect(try await identity(fixture, token: "Bearer " + token, commonName: "cn") == root)
        #expect(try await identity(fixture, token: nil) == .none)
        let named = Identity.certificate(AuthName("cn"))
        #expect(try await identity(fixture, token: nil, commonName: "cn") == named)
        // A wrong token is refused even with a certificate.
        for wrong in ["", "nonsense", "bearer " + token, "Bearer Bearer " + token] {
            await #expect(throws: EtcdError.invalidAuthToken) {
                try await identity(fixture, token: wrong, commonName: "root")
            }
        }
        _ = try await fixture.propose(Field.authDisable, [])
        #expect(try await identity(fixture, token: token) == .none)
        try await fixture.stop()
    }

    @Test func aTokenIsWaitedForUntilItsLoginIsApplied() async throws {
        let fixture = try await makeFixture()
        try await addUsers(fixture)
        let next = fixture.runtime.applied.next
        let context = fixture.services.context
        let credentials = CallCredentials(token: "\(Self.letters).\(next)", commonName: nil)
        async let waiting = context.identity(of: credentials)
        try await Task.sleep(for: .milliseconds(20))
        _ = try await logIn("reader", fixture)
        #expect(try await waiting == .user(AuthName("reader"), revision: nil))
        // One of another login at that index is wrong.
        let other = String(Self.letters.reversed())
        await #expect(throws: EtcdError.invalidAuthToken) {
            try await identity(fixture, token: "\(other).\(next)")
        }
        try await fixture.stop()
    }

    @Test func promotionsForOtherMembersNeedRootsToken() async throws {
        let fixture = try await makeFixture()
        let path = PeerEndpoints.promotionPrefix + "5"
        let before = try await fixture.request("POST", path)
        #expect(before.status == 404)
        try await addUsers(fixture)
        let root = try await logIn("root", fixture)
        let reader = try await logIn("reader", fixture)
        for (token, status) in [(nil, 500), ("nonsense", 500), (reader, 500), (root, 404)] {
            let headers: HTTPHeaders = token.map { ["Authorization": $0] } ?? [:]
            let response = try await fixture.request("POST", path, headers: headers)
            #expect(response.status == status, "\(token ?? "none")")
        }
        let bearer = try await fixture.request(
            "POST", path, headers: ["Authorization": "Bearer " + root])
        #expect(bearer.status == 404)
        try await fixture.stop()
    }

    @Test func leasesShowTheirKeysToReadersOnly() async throws {
        let fixture = try await makeFixture()
        try await addUsers(fixture)
        for (id, key) in [(1, "a1"), (2, "z")] as [(Int64, String)] {
            let grant = LeaseGrantRequest(ttlSeconds: 60, id: id)
            _ = try await fixture.propose(Field.leaseGrant, grant.encoded())
            let put = PutRequest(key: Array(key.utf8)[...], lease: id)
            _ = try await fixture.propose(Field.put, put.encoded())
        }
        let leases = fixture.services.context.leases
        let reader = Identity.user(AuthName("reader"), revision: nil)
        func keys(_ id: Int64, _ caller: Identity) async throws(EtcdError) -> [String] {
            var request = Etcdserverpb_LeaseTimeToLiveRequest()
            (request.id, request.keys) = (id, true)
            return try await leases.timeToLive(request, by: caller).keys
                .map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(try await keys(1, reader) == ["a1"])
        #expect(try await keys(2, .user(.root, revision: nil)) == ["z"])
        await #expect(throws: EtcdError.permissionDenied) { try await keys(2, reader) }
        #expect(try await keys(404, reader) == [])
        // A renewal needs WRITE, and whoever may not renew a lease does not extend it.
        let refused = await leases.renew(RenewalRequest(LeaseID(rawValue: 1), by: reader))
        #expect(refused == .failure(.permissionDenied))
        let renewed = await leases.renew(RenewalRequest(LeaseID(rawValue: 1), by: .server))
        #expect(renewed == .success(60))
        try await fixture.stop()
    }
}

extension ClusterFixture {
    fileprivate func auth<Message: SwiftProtobuf.Message>(
        _ field: UInt32, _ set: (inout Message) -> Void
    ) async throws {
        _ = try await propose(field, try Message.with(set).serializedBytes())
    }
}
