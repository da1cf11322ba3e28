import Auth
import EtcdAPI
import Identifiers
import Lease
import MonotonicClock
import Raft
import StateMachine
import TestSupport
import Testing

@testable import Stages

/// Requests refused before they reach a stage.
@Suite struct AdmissionTests {
    private func make(
        quotaBytes: Int64 = -1, hasAlarm: Bool = false,
        _ change: (inout MemberConfiguration) -> Void = { _ in }
    ) throws -> (admission: Admission, status: PublishedStatus) {
        var configuration = MemberConfiguration()
        change(&configuration)
        let state = try StageFixture.makeState()
        if hasAlarm { try StageFixture.activateSpaceAlarm(state) }
        let status = PublishedStatus(
            id: MemberID(1), state: state, configuration: configuration, now: 0)
        let admission = Admission(
            configuration: configuration, status: status,
            quota: Quota(configuredBytes: quotaBytes),
            store: state.store, firstRequestID: 100, alarms: state.alarms)
        return (admission, status)
    }

    private func admit(
        _ admission: Admission, field: UInt32 = InternalRaftRequest.Field.put, bytes: Int = 10,
        costBytes: Int? = 10, fileBytes: Int = 1000,
        countedBytes: @autoclosure () -> Int = 1000
    ) -> EtcdError? {
        do throws(EtcdError) {
            _ = try admission.admit(
                field: field, payload: [UInt8](repeating: 1, count: bytes), by: .none,
                costBytes: costBytes, fileBytes: fileBytes, countedBytes: countedBytes())
            return nil
        } catch {
            return error
        }
    }

    @Test("A full database accepts only what needs no space")
    func quota() throws {
        let (admission, _) = try make(quotaBytes: 1005)
        #expect(admit(admission) == .noSpace)
        #expect(admit(admission, costBytes: nil) == nil)
        #expect(admit(admission, costBytes: 4) == nil)
    }

    @Test("The size with pending writes is read near the quota only")
    func farFromQuota() throws {
        let (admission, _) = try make(quotaBytes: 2000) { $0.writeBufferBytesMax = 500 }
        var evaluations = 0
        func pending(_ bytes: Int) -> Int {
            evaluations += 1
            return bytes
        }
        #expect(admit(admission, fileBytes: 1489, countedBytes: pending(3000)) == nil)
        #expect(evaluations == 0)
        #expect(admit(admission, fileBytes: 1490, countedBytes: pending(1990)) == .noSpace)
        #expect(admit(admission, fileBytes: 1490, countedBytes: pending(1989)) == nil)
        #expect(evaluations == 2)
        let (unlimited, _) = try make()
        #expect(admit(unlimited, countedBytes: pending(.max)) == nil)
        #expect(evaluations == 2)
    }

    @Test("A request over the size limit is refused")
    func size() throws {
        let (admission, _) = try make { $0.requestBytesMax = 50 }
        #expect(admit(admission, bytes: 100) == .requestTooLarge)
        #expect(admit(admission, bytes: 10) == nil)
    }

    @Test("Messages of other members are bounded until they are taken")
    func received() throws {
        let (admission, _) = try make { $0.receivedMessagesMax = 2 }
        #expect(admission.admitReceived(2))
        #expect(!admission.admitReceived(1))
        admission.releaseReceived([.received([Message(type: .heartbeat)])])
        #expect(admission.admitReceived(1))
    }

    @Test("Each change of the NOSPACE alarm is proposed once, and again if it may have been lost")
    func spaceAlarm() throws {
        let (admission, _) = try make { $0.requestTimeout = 1000 }
        func isRaised(at now: MonotonicTime) -> Bool {
            admission.spaceAlarm(of: MemberID(1), now: now) != nil
        }
        func isEnded(at now: MonotonicTime) -> Bool {
            admission.spaceAlarmEnd(of: MemberID(1), now: now) != nil
        }
        #expect(!isEnded(at: 0), "it is not active")
        #expect(isRaised(at: 0) && !isRaised(at: 999) && isRaised(at: 1000))
        admission.recordSpaceAlarm(isActive: true)
        #expect(!isRaised(at: 100_000))
        #expect(isEnded(at: 100_000) && !isEnded(at: 100_999))
        // Somebody lists the alarms.
        admission.recordSpaceAlarm(isActive: true)
        #expect(!isEnded(at: 100_999) && isEnded(at: 101_000))
        admission.recordSpaceAlarm(isActive: false)
        #expect(!isEnded(at: 200_000) && isRaised(at: 101_001))
    }

    @Test("An alarm that is active at the start is not raised again")
    func alarmAtTheStart() throws {
        let (admission, _) = try make(hasAlarm: true)
        #expect(admission.spaceAlarm(of: MemberID(1), now: 0) == nil)
        #expect(admission.spaceAlarmEnd(of: MemberID(1), now: 0) != nil)
    }

    @Test("An entry names its requester while authentication is enabled")
    func requester() throws {
        let state = try StageFixture.makeState()
        let admission = Admission(
            configuration: MemberConfiguration(),
            status: PublishedStatus(
                id: MemberID(1), state: state, configuration: MemberConfiguration(), now: 0),
            quota: Quota(configuredBytes: -1), store: state.store, firstRequestID: 100,
            alarms: state.alarms)
        func header(_ identity: Identity) throws -> RequestHeader? {
            let proposal = admission.wrap(
                field: InternalRaftRequest.Field.put, payload: [], by: identity)
            return try InternalRaftRequest(decoding: proposal.data).header
        }
        func user(_ identity: Identity) throws -> String? { try header(identity)?.username }
        let someone = Identity.user(AuthName("someone"), revision: nil)
        #expect(try user(someone) == "" && user(.server) == "")
        try StageFixture.enableAuth(state)
        let revision = state.auth.revision
        #expect(try user(.none) == "" && header(.none)?.authRevision == 0)
        #expect(try user(someone) == "someone" && header(someone)?.authRevision == revision)
        let signed = Identity.user(AuthName("someone"), revision: 7)
        #expect(try header(signed)?.authRevision == 7)
        #expect(try user(.certificate(AuthName("cn"))) == "cn")
        #expect(try user(.server) == "root" && header(.server)?.authRevision == revision)
        let revocation = try InternalRaftRequest(
            decoding: admission.revocation(of: LeaseID(rawValue: 1)).data)
        #expect(revocation.header?.username == "root")
    }

    @Test("Request IDs are unique")
    func requestIDs() throws {
        let (admission, _) = try make()
        let ids = (0..<10).map { _ in admission.nextRequestID() }
        #expect(Set(ids).count == 10 && (ids.min() ?? 0) >= 100)
    }
}
