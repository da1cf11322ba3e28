import EtcdAPI
import Raft
import StateMachine
import Testing

@testable import Stages

/// What is turned away at the door.
@Suite struct AdmissionTests {
    private func make(
        quotaBytes: Int64 = -1, _ change: (inout MemberSettings) -> Void = { _ in }
    ) throws -> (admission: Admission, status: PublishedStatus) {
        var settings = MemberSettings()
        change(&settings)
        let status = PublishedStatus(
            id: MemberID(1), state: try StageFixture.makeState(), settings: settings, now: 0)
        let admission = Admission(
            settings: settings, status: status, quota: Quota(configuredBytes: quotaBytes),
            firstRequestID: 100)
        return (admission, status)
    }

    private func admit(
        _ admission: Admission, field: UInt32 = InternalRaftRequest.Field.put, bytes: Int = 10,
        costBytes: Int? = 10, fileBytes: Int = 1000,
        bytesWithPending: @autoclosure () -> Int = 1000
    ) -> EtcdError? {
        do throws(EtcdError) {
            _ = try admission.admit(
                field: field, payload: [UInt8](repeating: 1, count: bytes), costBytes: costBytes,
                fileBytes: fileBytes, bytesWithPending: bytesWithPending())
            return nil
        } catch {
            return error
        }
    }

    @Test("A full database takes only what needs no room")
    func quota() throws {
        let (admission, _) = try make(quotaBytes: 1005)
        #expect(admit(admission) == .noSpace)
        #expect(admit(admission, costBytes: nil) == nil)
        #expect(admit(admission, costBytes: 4) == nil)
    }

    @Test("What is applied and not yet in the file is looked at near the limit only")
    func farFromQuota() throws {
        let (admission, _) = try make(quotaBytes: 2000) { $0.overlayMaximumBytes = 500 }
        var looks = 0
        func pending(_ bytes: Int) -> Int {
            looks += 1
            return bytes
        }
        #expect(admit(admission, fileBytes: 1489, bytesWithPending: pending(3000)) == nil)
        #expect(looks == 0)
        #expect(admit(admission, fileBytes: 1490, bytesWithPending: pending(1990)) == .noSpace)
        #expect(admit(admission, fileBytes: 1490, bytesWithPending: pending(1989)) == nil)
        #expect(looks == 2)
        let (unlimited, _) = try make()
        #expect(admit(unlimited, bytesWithPending: pending(.max)) == nil)
        #expect(looks == 2)
    }

    @Test("A request is refused over its size")
    func size() throws {
        let (admission, _) = try make { $0.requestMaximumBytes = 50 }
        #expect(admit(admission, bytes: 100) == .requestTooLarge)
        #expect(admit(admission, bytes: 10) == nil)
    }

    @Test("Messages of other members are bounded until they are taken")
    func received() throws {
        let (admission, _) = try make { $0.receivedMessagesMaximum = 2 }
        #expect(admission.admitReceived(2))
        #expect(!admission.admitReceived(1))
        admission.noteTaken([.received([Message(type: .heartbeat)])])
        #expect(admission.admitReceived(1))
    }

    @Test("The alarm about space is proposed once, and again when it may have been lost")
    func spaceAlarm() throws {
        let (admission, _) = try make { $0.requestTimeoutMilliseconds = 1000 }
        #expect(admission.spaceAlarm(of: MemberID(1), now: 0) != nil)
        #expect(admission.spaceAlarm(of: MemberID(1), now: 999) == nil)
        #expect(admission.spaceAlarm(of: MemberID(1), now: 1000) != nil)
        admission.noteSpaceAlarm(isActive: true)
        #expect(admission.spaceAlarm(of: MemberID(1), now: 100_000) == nil)
        admission.noteSpaceAlarm(isActive: false)
        #expect(admission.spaceAlarm(of: MemberID(1), now: 100_001) != nil)
    }

    @Test("Numbers of requests are never given twice")
    func numbers() throws {
        let (admission, _) = try make()
        let numbers = (0..<10).map { _ in admission.nextRequestID() }
        #expect(Set(numbers).count == 10 && (numbers.min() ?? 0) >= 100)
    }
}
