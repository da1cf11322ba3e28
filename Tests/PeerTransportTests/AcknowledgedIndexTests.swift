import Identifiers
import PeerTransport
import Raft
import Testing

@Suite("Repeated acknowledgements")
struct AcknowledgedIndexTests {
    private func response(
        _ index: UInt64, term: UInt64 = 1, isRejected: Bool = false
    ) -> Raft.Message {
        Raft.Message(
            type: .appendResponse, to: MemberID(2), from: MemberID(1), term: Term(term),
            index: LogIndex(index), isRejected: isRejected)
    }

    /// For each message, sent in this order, whether it repeats the previous response.
    private func repeated(_ messages: [Raft.Message]) -> [Bool] {
        var acknowledged = AcknowledgedIndex()
        return messages.map { acknowledged.isRepeated(by: $0) }
    }

    @Test func sameIndexAndTermIsARepetition() {
        let found = repeated([
            response(5), response(5), response(6), response(5), response(5, term: 2),
            response(5, term: 2),
        ])
        #expect(found == [false, true, false, false, false, true])
    }

    @Test func rejectionsResetTheState() {
        let rejection = response(5, isRejected: true)
        let found = repeated([response(5), rejection, rejection, response(5)])
        #expect(found == [false, false, false, false])
    }

    @Test func otherMessagesAreIgnored() {
        let heartbeat = Raft.Message(type: .heartbeatResponse, to: MemberID(2), term: Term(1))
        let found = repeated([response(5), heartbeat, heartbeat, response(5)])
        #expect(found == [false, false, false, true])
    }
}
