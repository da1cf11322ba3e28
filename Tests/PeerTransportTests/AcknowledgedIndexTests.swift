import PeerTransport
import Raft
import Testing

@Suite("Acknowledgements that repeat")
struct AcknowledgedIndexTests {
    private func answer(
        _ index: UInt64, term: UInt64 = 1, isRejected: Bool = false
    ) -> Raft.Message {
        Raft.Message(
            type: .appendResponse, to: MemberID(2), from: MemberID(1), term: Term(term),
            index: LogIndex(index), isRejected: isRejected)
    }

    /// Which of the messages only repeat, when they are sent one after the other.
    private func repeated(_ messages: [Raft.Message]) -> [Bool] {
        var acknowledged = AcknowledgedIndex()
        return messages.map { acknowledged.isRepeated(by: $0) }
    }

    @Test func onlyTheSameOfTheSameTermRepeats() {
        let found = repeated([
            answer(5), answer(5), answer(6), answer(5), answer(5, term: 2), answer(5, term: 2),
        ])
        #expect(found == [false, true, false, false, false, true])
    }

    @Test func rejectionsNeverRepeatAndBeginAnew() {
        let rejection = answer(5, isRejected: true)
        let found = repeated([answer(5), rejection, rejection, answer(5)])
        #expect(found == [false, false, false, false])
    }

    @Test func otherMessagesAreNoAnswers() {
        let heartbeat = Raft.Message(type: .heartbeatResponse, to: MemberID(2), term: Term(1))
        let found = repeated([answer(5), heartbeat, heartbeat, answer(5)])
        #expect(found == [false, false, false, true])
    }
}
