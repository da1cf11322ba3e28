import EtcdAPI
import SwiftProtobuf
import Testing

@testable import Auth

@Suite("Permissions of requests")
struct AuthorizationTests {
    private func fixture() throws -> AuthFixture {
        var fixture = try AuthFixture()
        try fixture.enable()
        try fixture.user("reader", [(0, "a", "b")])
        try fixture.user("writer", [(1, "a", "b")])
        try fixture.user("both", [(2, "a", "b")])
        return fixture
    }

    private func put(_ key: String, lease: Int64 = 0, prevKV: Bool = false) -> PutRequest {
        PutRequest(key: bytes(key)[...], lease: lease, prevKV: prevKV)
    }

    private func reading(_ key: String, _ end: String = "") -> RequestOp {
        .range(RangeRequest(key: bytes(key)[...], rangeEnd: bytes(end)[...]))
    }

    /// Keys of the leases 1 and 2.
    private func attached(_ lease: Int64) -> Set<[UInt8]> {
        [1: [bytes("a1"), bytes("a2")], 2: [bytes("a1"), bytes("z")]][lease] ?? []
    }

    private func error(_ user: String, _ request: PutRequest) throws -> EtcdError? {
        let authorization = try fixture().authorization(of: user)
        return authorization.error { () throws(EtcdError) in
            try authorization.require(request, attachedKeys: attached)
        }
    }

    private func error(_ user: String, _ request: TxnRequest) throws -> EtcdError? {
        let authorization = try fixture().authorization(of: user)
        return authorization.error { () throws(EtcdError) in
            try authorization.require(request, attachedKeys: attached)
        }
    }

    @Test func putsNeedWriteAndThePreviousPairNeedsRead() throws {
        #expect(try error("writer", put("a1")) == nil)
        #expect(try error("reader", put("a1")) == .permissionDenied)
        #expect(try error("writer", put("b")) == .permissionDenied)
        #expect(try error("writer", put("a1", prevKV: true)) == .permissionDenied)
        #expect(try error("both", put("a1", prevKV: true)) == nil)
        let ignoring = PutRequest(key: bytes("a1")[...], ignoreValue: true, ignoreLease: true)
        #expect(try error("writer", ignoring) == nil)
    }

    @Test func putsNeedWriteOnAllKeysOfTheLease() throws {
        #expect(try error("writer", put("a1", lease: 1)) == nil)
        #expect(try error("writer", put("a1", lease: 2)) == .permissionDenied)
        #expect(try error("writer", put("a1", lease: 404)) == nil)
        #expect(try error("root", put("a1", lease: 2)) == nil)
        let nested = TxnRequest(compare: [], success: [.put(put("a1", lease: 2))])
        for branch in [
            TxnRequest(compare: [], success: [.put(put("a1", lease: 2))]),
            TxnRequest(compare: [], failure: [.put(put("a1", lease: 2))]),
            TxnRequest(compare: [], success: [.txn(nested)]),
        ] {
            #expect(try error("writer", branch) == .permissionDenied)
            #expect(try error("root", branch) == nil)
        }
    }

    @Test func deletesNeedWriteAndThePreviousPairsNeedRead() throws {
        let fixture = try fixture()
        func error(_ user: String, _ end: String, prevKV: Bool = false) -> EtcdError? {
            let request = DeleteRangeRequest(
                key: bytes("a")[...], rangeEnd: bytes(end)[...], prevKV: prevKV)
            let authorization = fixture.authorization(of: user)
            return authorization.error { () throws(EtcdError) in
                try authorization.require(request)
            }
        }
        #expect(error("writer", "b") == nil)
        #expect(error("writer", "b\0") == .permissionDenied)
        #expect(error("writer", "b", prevKV: true) == .permissionDenied)
        #expect(error("both", "b", prevKV: true) == nil)
        #expect(error("reader", "") == .permissionDenied)
    }

    @Test func transactionsNeedThePermissionsOfBothBranchesAtEveryLevel() throws {
        let inA = Compare(key: bytes("a1")[...])
        #expect(try error("reader", TxnRequest(compare: [inA])) == nil)
        #expect(try error("writer", TxnRequest(compare: [inA])) == .permissionDenied)
        let wide = Compare(key: bytes("a")[...], rangeEnd: bytes("c")[...])
        #expect(try error("reader", TxnRequest(compare: [wide])) == .permissionDenied)
        let writing = [RequestOp.put(put("a1"))]
        #expect(
            try error("writer", TxnRequest(compare: [], success: writing, failure: [reading("a1")]))
                == .permissionDenied)
        for nested in [
            TxnRequest(compare: [inA], success: writing),
            TxnRequest(compare: [], success: writing, failure: [reading("a1")]),
            TxnRequest(compare: [], success: [.put(put("a1", prevKV: true))]),
        ] {
            let outer = TxnRequest(compare: [], failure: [.txn(nested)])
            #expect(try error("writer", outer) == .permissionDenied)
            #expect(try error("both", outer) == nil)
            #expect(try error("root", outer) == nil)
        }
        let outside = TxnRequest(compare: [], success: [.put(put("z"))])
        #expect(
            try error("both", TxnRequest(compare: [], failure: [.txn(outside)]))
                == .permissionDenied)
    }

    @Test func aTransactionWithoutKeysNeedsNobody() throws {
        let nested = TxnRequest(compare: [], success: [.txn(TxnRequest())])
        for request in [TxnRequest(), nested] {
            let authorization = try fixture().store.snapshot.authorization(of: Identity.none)
            #expect(
                authorization.error { () throws(EtcdError) in
                    try authorization.require(request, attachedKeys: attached)
                } == nil)
        }
    }

    @Test func watchersNeedReadOnTheRangeAsItIsOnTheWire() throws {
        let authorization = try fixture().authorization(of: "reader")
        func error(_ key: String, _ end: String) -> EtcdError? {
            var request = WatchCreateRequest()
            request.key = bytes(key)[...]
            request.rangeEnd = bytes(end)[...]
            return authorization.error { () throws(EtcdError) in
                try authorization.require(request)
            }
        }
        #expect(error("a", "b") == nil)
        #expect(error("a", "c") == .permissionDenied)
        #expect(error("a", "\0") == .permissionDenied, "an open end is not one key")
        #expect(error("", "") == .permissionDenied)
        #expect(error("a5", "a1") == nil)
    }

    @Test func theErrorShowsWhatIsWrongWithTheCaller() throws {
        let snapshot = try fixture().store.snapshot
        let current = snapshot.revision
        func error(_ identity: Identity) -> EtcdError? {
            snapshot.authorization(of: identity).error(.read, "a1")
        }
        #expect(error(.none) == .userEmpty)
        #expect(error(.user(.root, revision: 0)) == .userEmpty)
        #expect(error(.user(.root, revision: current - 1)) == .authOldRevision)
        #expect(error(.user(.root, revision: current)) == nil)
        #expect(error(.user(.root, revision: current + 1)) == nil)
        #expect(error(.user(.root, revision: nil)) == nil)
        #expect(error(.user(name("ghost"), revision: nil)) == .permissionDenied)
        #expect(error(.certificate(name(""))) == .permissionDenied)
        #expect(error(.certificate(name("reader"))) == nil)
        #expect(error(.server) == nil)
    }

    @Test func readsNeedCredentialsOfTheCurrentRevision() throws {
        let snapshot = try fixture().store.snapshot
        func error(_ identity: Identity) -> EtcdError? {
            Authorization.unlimited.error { () throws(EtcdError) in
                try snapshot.requireCurrent(identity)
            }
        }
        #expect(error(.user(.root, revision: snapshot.revision + 1)) == .authOldRevision)
        #expect(error(.user(.root, revision: snapshot.revision - 1)) == .authOldRevision)
        #expect(error(.user(.root, revision: snapshot.revision)) == nil)
        #expect(error(.user(.root, revision: nil)) == nil)
        #expect(error(.none) == nil && error(.server) == nil)
    }

    /// What etcd permits root with leases does not depend on the revision of its token.
    @Test func leasesNeedWriteOnTheirKeys() throws {
        let fixture = try fixture()
        func error(_ authorization: Authorization, _ lease: Int64) -> EtcdError? {
            authorization.error { () throws(EtcdError) in
                try authorization.requireWrite(ofLease: lease, attached)
            }
        }
        #expect(error(fixture.authorization(of: "writer"), 1) == nil)
        #expect(error(fixture.authorization(of: "writer"), 2) == .permissionDenied)
        #expect(error(fixture.authorization(of: "reader"), 1) == .permissionDenied)
        #expect(error(fixture.authorization(of: "reader"), 404) == nil)
        #expect(error(fixture.authorization(of: "writer", revision: 1), 1) == .authOldRevision)
        #expect(error(fixture.authorization(of: "root", revision: 1), 2) == nil)
        let reader = fixture.authorization(of: "reader")
        #expect(
            reader.error { () throws(EtcdError) in try reader.requireRead(of: attached(1)) } == nil)
        #expect(
            reader.error { () throws(EtcdError) in try reader.requireRead(of: attached(2)) }
                == .permissionDenied)
    }

    @Test func everythingIsPermittedWhileDisabled() throws {
        var fixture = try fixture()
        try fixture.apply(.disable)
        let snapshot = fixture.store.snapshot
        #expect(snapshot.authorization(of: Identity.none).error(.write, "z") == nil)
        #expect(snapshot.requester(.user(.root, revision: nil)) == .none)
        for rule in RPCRule.table.values { try snapshot.require(rule, .none) }
    }

    @Test func aChangeOfRolesCountsAtOnceAndNotForAnEarlierSnapshot() throws {
        var fixture = try fixture()
        #expect(fixture.authorization(of: "reader").error(.read, "a1") == nil)
        let before = fixture.store.snapshot
        try fixture.grant("reader", 1, "x")
        #expect(fixture.authorization(of: "reader").error(.write, "x") == nil)
        try fixture.revoke("reader", "a", "b")
        #expect(fixture.authorization(of: "reader").error(.read, "a1") == .permissionDenied)
        try fixture.userGrant("reader", "both")
        #expect(fixture.authorization(of: "reader").error(.write, "a1") == nil)
        try fixture.userRevoke("reader", "both")
        #expect(fixture.authorization(of: "reader").error(.write, "a1") == .permissionDenied)
        try fixture.roleDelete("reader")
        #expect(fixture.authorization(of: "reader").error(.write, "x") == .permissionDenied)
        let identity = Identity.user(name("reader"), revision: nil)
        #expect(before.authorization(of: identity).error(.read, "a1") == nil)
        #expect(before.authorization(of: identity).error(.write, "x") == .permissionDenied)
    }

    @Test func aDeletedAndAddedUserHasNoPermissions() throws {
        var fixture = try fixture()
        #expect(fixture.authorization(of: "reader").error(.read, "a1") == nil)
        try fixture.userDelete("reader")
        #expect(fixture.authorization(of: "reader").error(.read, "a1") == .permissionDenied)
        try fixture.userAdd("reader")
        #expect(fixture.authorization(of: "reader").error(.read, "a1") == .permissionDenied)
    }
}
