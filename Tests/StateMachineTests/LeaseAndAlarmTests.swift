import Bolt
import Disk
import EtcdAPI
import Lease
import Testing

@testable import StateMachine

@Suite("Leases, alarms and the quota")
struct LeaseAndAlarmTests {
    @Test func leasesAreGrantedAndRejected() throws {
        let fixture = try StateFixture()
        let granted = try fixture.grant(5, seconds: 1)
        guard case .leaseGrant(let id, let seconds) = granted.response.body else {
            Issue.record("no lease")
            return
        }
        #expect(id == 5 && seconds == 2, "raised to the minimum")
        #expect(granted.response.revision == 1)
        #expect(try fixture.grant(5, seconds: 9).error == .leaseExists)
        #expect(try fixture.grant(6, seconds: 9_000_000_001).error == .leaseTTLTooLarge)
        #expect(try fixture.revoke(404).error == .leaseNotFound)
    }

    @Test func aRevocationDeletesAllKeysInOneRevision() throws {
        let fixture = try StateFixture()
        try fixture.grant(5, seconds: 60)
        #expect(try fixture.revoke(5).response.revision == 1, "no keys, no revision")
        try fixture.grant(5, seconds: 60)
        for key in ["b", "a", "c"] { try fixture.put(key, lease: 5) }
        try fixture.put("b")
        try fixture.put("d")
        let revoked = try fixture.revoke(5)
        #expect(revoked.response.revision == 7)
        #expect(try fixture.pair("a") == nil)
        #expect(try fixture.pair("c") == nil)
        #expect(try fixture.pair("b") != nil)
        #expect(try fixture.pair("d") != nil)
        #expect(fixture.state.lessor.count == 0 && !fixture.state.lessor.hasAttachments)
    }

    @Test func aDeletedKeyIsDetachedAndAKeyPutInATransactionIsAttached() throws {
        let fixture = try StateFixture()
        try fixture.grant(5, seconds: 60)
        try fixture.txn(TxnRequest(compare: [], success: [putting("a", "1", lease: 5)]))
        #expect(fixture.state.lessor[LeaseID(rawValue: 5)]?.keys == [bytes("a")])
        try fixture.delete("a")
        #expect(fixture.state.lessor[LeaseID(rawValue: 5)]?.keys.isEmpty == true)
        try fixture.put("a", lease: 5)
        try fixture.restart()
        #expect(fixture.state.lessor[LeaseID(rawValue: 5)]?.keys == [bytes("a")])
    }

    @Test(arguments: [true, false])
    func checkpointsAreStoredAsConfigured(persists: Bool) throws {
        var configuration = StateMachineConfiguration()
        configuration.persistsLeaseCheckpoints = persists
        let fixture = try StateFixture(configuration)
        try fixture.grant(5, seconds: 60)
        var request = Etcdserverpb_LeaseCheckpointRequest()
        var checkpoint = Etcdserverpb_LeaseCheckpoint()
        checkpoint.id = 5
        checkpoint.remainingTtl = 7
        request.checkpoints = [checkpoint]
        try fixture.rare(InternalRaftRequest.Field.leaseCheckpoint, request)
        #expect(fixture.state.lessor[LeaseID(rawValue: 5)]?.checkpointedSeconds == 7)
        try fixture.restart()
        #expect(
            fixture.state.lessor[LeaseID(rawValue: 5)]?.checkpointedSeconds
                == (persists ? 7 : 0))
    }

    @Test(arguments: ["3.5.0", "3.6.0", "3.7.0"])
    func checkpointsAreAlwaysStoredFromClusterVersion36On(version: String) throws {
        let fixture = try StateFixture()
        try fixture.grant(5, seconds: 60)
        var versionRequest = Membershippb_ClusterVersionSetRequest()
        versionRequest.ver = version
        try fixture.rare(InternalRaftRequest.Field.clusterVersionSet, versionRequest)
        var request = Etcdserverpb_LeaseCheckpointRequest()
        var checkpoint = Etcdserverpb_LeaseCheckpoint()
        checkpoint.id = 5
        checkpoint.remainingTtl = 7
        request.checkpoints = [checkpoint]
        try fixture.rare(InternalRaftRequest.Field.leaseCheckpoint, request)
        try fixture.restart()
        #expect(
            fixture.state.lessor[LeaseID(rawValue: 5)]?.checkpointedSeconds
                == (version == "3.5.0" ? 0 : 7))
    }

    private func alarms(_ applied: AppliedEntry) -> [Alarm]? {
        if case .alarm(let alarms) = applied.response.body { alarms } else { nil }
    }

    @Test func alarmsAreRaisedListedAndDisarmed() throws {
        let fixture = try StateFixture()
        let space = Alarm(member: .init(rawValue: 1), type: .noSpace)
        let corrupt = Alarm(member: .init(rawValue: 2), type: .corrupt)
        #expect(alarms(try fixture.alarm(.activate, .nospace)) == [space])
        #expect(alarms(try fixture.alarm(.activate, .nospace)) == [space])
        #expect(alarms(try fixture.alarm(.activate, .corrupt, member: 2)) == [corrupt])
        #expect(alarms(try fixture.alarm(.get, .none)) == [space, corrupt])
        #expect(alarms(try fixture.alarm(.get, .corrupt)) == [corrupt])
        try fixture.restart()
        #expect(fixture.state.alarms.list(.none) == [space, corrupt])
        #expect(alarms(try fixture.alarm(.deactivate, .nospace, member: 9)) == [])
        #expect(alarms(try fixture.alarm(.deactivate, .nospace)) == [space])
        #expect(alarms(try fixture.alarm(.deactivate, .nospace)) == [])
        try fixture.restart()
        #expect(fixture.state.alarms.list(.none) == [corrupt])
    }

    @Test func withTheSpaceAlarmOnlyRequestsThatFreeSpaceAreApplied() throws {
        let fixture = try StateFixture()
        try fixture.grant(5, seconds: 60)
        try fixture.put("a", "1", lease: 5)
        try fixture.put("b", "1")
        try fixture.alarm(.activate, .nospace)
        #expect(try fixture.put("c").error == .noSpace)
        #expect(try fixture.grant(6, seconds: 60).error == .noSpace)
        let putting = TxnRequest(compare: [], success: [], failure: [putting("c")])
        #expect(try fixture.txn(putting).error == .noSpace)
        let freeing = TxnRequest(compare: [], success: [deleting("b"), reading("a")])
        #expect(try fixture.txn(freeing).transaction?.succeeded == true)
        #expect(try fixture.compact(2).error == nil)
        #expect(try fixture.revoke(5).error == nil)
        #expect(try fixture.delete("a").error == nil)
        try fixture.alarm(.deactivate, .nospace)
        #expect(try fixture.put("c").error == nil)
    }

    @Test func withTheCorruptAlarmNothingIsWritten() throws {
        let fixture = try StateFixture()
        try fixture.put("a", "1")
        try fixture.grant(5, seconds: 60)
        try fixture.alarm(.activate, .corrupt)
        #expect(try fixture.put("a", "2").error == .corrupt)
        #expect(try fixture.delete("a").error == .corrupt)
        #expect(try fixture.txn(TxnRequest()).error == .corrupt)
        #expect(try fixture.compact(2).error == .corrupt)
        #expect(try fixture.grant(6, seconds: 9).error == .corrupt)
        #expect(try fixture.revoke(5).error == .corrupt)
        #expect(try fixture.value("a") == "1" && fixture.revision == 2)
        try fixture.alarm(.deactivate, .corrupt)
        #expect(try fixture.put("a", "2").error == nil)
    }

    @Test func aRequestAboveTheQuotaIsAppliedButReturnsAnError() throws {
        var configuration = StateMachineConfiguration()
        configuration.quota = Quota(configuredBytes: 1)
        let fixture = try StateFixture(configuration)
        let put = try fixture.put("a", "1")
        #expect(put.error == .noSpace && put.raisesSpaceAlarm && put.response.revision == 2)
        #expect(try fixture.value("a") == "1")
        let granted = try fixture.grant(5, seconds: 60)
        #expect(granted.error == .noSpace && granted.raisesSpaceAlarm)
        #expect(fixture.state.lessor.count == 1)
        let txn = try fixture.txn(TxnRequest(compare: [], success: [putting("b", "1")]))
        #expect(txn.error == .noSpace && txn.raisesSpaceAlarm)
        let deleted = try fixture.delete("a")
        #expect(deleted.error == nil && !deleted.raisesSpaceAlarm)
    }

    @Test func theQuotaEstimatesAsEtcdDoes() {
        #expect(Quota(configuredBytes: 0).bytesMax == 2_147_483_648)
        #expect(Quota(configuredBytes: -1).bytesMax == nil)
        let quota = Quota(configuredBytes: 1000)
        #expect(quota.admits(costBytes: 99, databaseBytes: 900))
        #expect(!quota.admits(costBytes: 100, databaseBytes: 900))
        #expect(quota.admits(costBytes: 0, databaseBytes: 5000))
        #expect(Quota(configuredBytes: -1).admits(costBytes: .max / 2, databaseBytes: 0))
        #expect(quota.endsAlarm(databaseBytes: 875) && !quota.endsAlarm(databaseBytes: 876))
        #expect(!Quota(configuredBytes: 1000, rule: .etcd).endsAlarm(databaseBytes: 0))
        let unlimited = Quota(configuredBytes: -1)
        #expect(unlimited.endsAlarm(databaseBytes: 9) && !unlimited.endsAlarm(databaseBytes: .max))
        let put = PutRequest(key: bytes("ab")[...], value: bytes("cde")[...])
        #expect(Quota.cost(of: put) == 261)
        let nested = TxnRequest(compare: [], success: [.put(put), .put(put)])
        let txn = TxnRequest(
            compare: [], success: [.txn(nested), deleting("x")],
            failure: [.put(put), reading("a")])
        #expect(Quota.cost(of: txn) == 522)
        #expect(Quota.cost(of: TxnRequest(compare: [], success: [deleting("x")])) == 0)
        #expect(Quota.costOfLease() == 64)
    }
}
