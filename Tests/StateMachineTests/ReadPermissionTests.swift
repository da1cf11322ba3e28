import Auth
import EtcdAPI
import Identifiers
import MVCC
import Testing

@testable import StateMachine

private typealias Field = InternalRaftRequest.Field

@Suite("Permissions of reads")
struct ReadPermissionTests {
    private let key = RangeRequest(key: bytes("a")[...])
    private let all = RangeRequest(key: bytes("a")[...], rangeEnd: bytes("b")[...])
    private let reader = Identity.user(AuthName("reader"), revision: nil)
    private let writer = Identity.user(AuthName("writer"), revision: nil)

    private func error(
        _ fixture: StateFixture, _ request: RangeRequest, _ identity: Identity
    ) -> EtcdError? {
        let store = fixture.state.store
        var response = RangeResponse()
        var errors: [EtcdError?] = []
        errors.append(
            refusal { () throws(ReadError) in
                _ = try store.range(request, by: identity, into: &response)
            })
        errors.append(
            refusal { () throws(ReadError) in
                try store.openRange(request, by: identity).close()
            })
        #expect(errors[0] == errors[1], "a large range is checked like a small one")
        return errors[0]
    }

    private func refusal(_ body: () throws(ReadError) -> Void) -> EtcdError? {
        do throws(ReadError) {
            try body()
            return nil
        } catch {
            guard case .refused(let refusal) = error else { return .stopped }
            return refusal
        }
    }

    private func evaluate(
        _ fixture: StateFixture, _ request: TxnRequest, _ identity: Identity
    ) throws -> EtcdError? {
        refusal { () throws(ReadError) in _ = try fixture.evaluate(request, by: identity) }
    }

    @Test func nobodyIsCheckedWhileAuthIsOff() throws {
        let fixture = try StateFixture()
        try fixture.addUser("root", roles: ["root"])
        #expect(fixture.state.store.auth == nil)
        #expect(error(fixture, all, .none) == nil)
        #expect(
            try evaluate(fixture, TxnRequest(compare: [], success: [reading("a")]), .none) == nil)
    }

    @Test func readsNeedTheirRange() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        for request in [key, all] {
            #expect(error(fixture, request, reader) == nil)
            #expect(error(fixture, request, writer) == .permissionDenied)
            #expect(error(fixture, request, .none) == .userEmpty)
            #expect(error(fixture, request, .certificate(AuthName(""))) == .permissionDenied)
            #expect(error(fixture, request, .certificate(AuthName("reader"))) == nil)
            #expect(error(fixture, request, .server) == nil)
        }
        let open = RangeRequest(key: bytes("a")[...], rangeEnd: [0])
        #expect(error(fixture, open, reader) == .permissionDenied)
        #expect(error(fixture, open, .user(.root, revision: nil)) == nil)
    }

    /// etcd checks the revision of a signed token after the read too, so that a later one may write
    /// and not read.
    @Test func aSignedTokenReadsAtItsRevisionOnly() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        let revision = fixture.state.auth.revision
        let transaction = TxnRequest(compare: [], success: [reading("a")])
        for (offset, expected) in [
            (-1, EtcdError.authOldRevision), (0, nil), (1, .authOldRevision),
        ] {
            let limit = UInt64(Int(revision) + offset)
            let identity = Identity.user(AuthName("reader"), revision: limit)
            #expect(error(fixture, key, identity) == expected)
            #expect(try evaluate(fixture, transaction, identity) == expected)
        }
    }

    @Test func readOnlyTransactionsNeedAllThatTheyName() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        let absent = Compare(
            result: .equal, target: .version, key: bytes("z")[...], operand: .version(0))
        let other = TxnRequest(compare: [], success: [], failure: [reading("z")])
        let comparing = TxnRequest(compare: [absent])
        #expect(
            try evaluate(fixture, TxnRequest(compare: [], success: [reading("a")]), reader) == nil)
        #expect(try evaluate(fixture, other, reader) == .permissionDenied)
        #expect(try evaluate(fixture, comparing, reader) == .permissionDenied)
        #expect(try evaluate(fixture, comparing, .none) == .userEmpty)
        #expect(try evaluate(fixture, TxnRequest(), .none) == nil, "it reads nothing")
    }

    /// Permissions and keys change in one moment for all readers, also within a batch of entries.
    @Test func aChangeIsPublishedWithTheData() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        let before = try #require(fixture.state.store.auth)
        try fixture.auth(Field.authUserRevokeRole) {
            (revocation: inout Etcdserverpb_AuthUserRevokeRoleRequest) in
            revocation.name = "reader"
            revocation.role = "rd"
        }
        let after = try #require(fixture.state.store.auth)
        #expect(after.revision == before.revision + 1)
        #expect(error(fixture, key, reader) == .permissionDenied)
        try fixture.request(Field.authDisable, [], as: "root")
        #expect(fixture.state.store.auth == nil)
        #expect(error(fixture, key, .none) == nil)
    }

    @Test func aRestartKeepsThePermissions() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        try fixture.restart()
        #expect(error(fixture, key, .none) == .userEmpty)
        #expect(error(fixture, key, reader) == nil)
    }

    /// A received state brings its users along with its data; until the apply stage has taken it
    /// over, readers see both of it already.
    @Test func aReceivedStateIsReadByItsOwnPermissions() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        try fixture.state.store.persist()
        try fixture.edit { transaction in
            try transaction.createBucketIfMissing(bytes("auth"))
                .put(bytes("authEnabled"), [0])
        }
        #expect(error(fixture, key, .none) == .userEmpty)
        let fresh = try fixture.state.reload(through: 0)
        #expect(error(fixture, key, .none) == nil)
        fixture.state.adopt(fresh)
        #expect(error(fixture, key, .none) == nil && !fixture.state.auth.isEnabled)
    }

    @Test func renewalsNeedWriteOnTheKeysOfTheLease() throws {
        let fixture = try StateFixture()
        try fixture.setUpUsers()
        for id in [1, 2] as [Int64] {
            let grant = LeaseGrantRequest(ttlSeconds: 60, id: id)
            try fixture.request(Field.leaseGrant, grant.encoded(), as: "root")
        }
        try fixture.request(PutRequest(key: bytes("a")[...], lease: 1), as: "writer")
        func error(_ id: Int64, _ identity: Identity) -> EtcdError? {
            do throws(EtcdError) {
                try fixture.state.requireRenewal(of: .init(rawValue: id), by: identity)
                return nil
            } catch {
                return error
            }
        }
        #expect(error(1, writer) == nil)
        #expect(error(1, reader) == .permissionDenied)
        #expect(error(2, reader) == nil, "a lease without keys")
        #expect(error(2, .none) == .userEmpty && error(1, .server) == nil)
        #expect(error(404, reader) == nil, "not found is shown later")
    }
}
