import EtcdAPI
import Identifiers
import MonotonicClock
import Synchronization
import TestSupport
import Testing

@testable import Stages

/// The fate of proposals with waiters.
@Suite struct ProposalWaitersTests {
    private let receiver = DiscardingReceiver()
    private let own = MemberID(1)
    private let other = MemberID(2)

    private func waiters(sentTo leader: MemberID?, ids: [UInt64] = [7]) -> ProposalWaiters {
        var waiters = ProposalWaiters(timeout: 7000)
        let registrations = ids.map {
            Registration(id: $0, address: CompletionAddress(receiver: receiver, token: $0))
        }
        let sent = leader.map { SentProposals(term: 5, leader: $0) }
        waiters.add(registrations, ProposalBatch(number: 1, deadline: 7000, sent: sent))
        return waiters
    }

    @Test("A later term decides at once proposals sent to a leader that is gone")
    func laterTermDecides() {
        var waiters = waiters(sentTo: other, ids: [7, 8])
        #expect(waiters.take(7) != nil)
        let early = waiters.takeDecided(by: 5, own: own, graceEnd: 2000) { _ in false }
        #expect(early.isEmpty, "the term of the leader itself decides nothing")
        let decided = waiters.takeDecided(by: 6, own: own, graceEnd: 2000) { _ in false }
        #expect(decided.map(\.token) == [8])
        #expect(waiters.count == 0)
        #expect(waiters.takeExpired(10_000).isEmpty)
    }

    @Test("A member's own proposals are decided with its leadership")
    func ownLeadership() {
        var waiters = waiters(sentTo: own)
        let decided = waiters.takeDecided(by: 6, own: own, graceEnd: 2000) { _ in true }
        #expect(decided.map(\.token) == [7])
    }

    @Test("A reachable former leader may forward proposals for a while")
    func formerLeaderForwards() {
        var waiters = waiters(sentTo: other, ids: [7, 8])
        let decided = waiters.takeDecided(by: 6, own: own, graceEnd: 2000) { _ in true }
        #expect(decided.isEmpty)
        #expect(waiters.take(7) != nil, "it was forwarded")
        #expect(waiters.takeExpired(1999).isEmpty)
        let expired = waiters.takeExpired(2000)
        #expect(expired.map(\.address.token) == [8])
        #expect(expired.map(\.error) == [.timeoutDueToLeaderFailure])
    }

    @Test("A held proposal is not decided by a term, and ends with its context")
    func heldProposals() {
        var waiters = waiters(sentTo: nil)
        #expect(waiters.takeDecided(by: 6, own: own, graceEnd: 1) { _ in false }.isEmpty)
        #expect(waiters.takeExpired(7000).map(\.error) == [.contextDeadlineExceeded])
    }

    @Test("A proposal that was held and then sent is like any other")
    func sentLater() {
        var waiters = waiters(sentTo: nil)
        waiters.markSent(1, SentProposals(term: 6, leader: other))
        #expect(waiters.takeDecided(by: 6, own: own, graceEnd: 1) { _ in false }.isEmpty)
        #expect(waiters.takeDecided(by: 7, own: own, graceEnd: 1) { _ in false }.count == 1)
    }

    @Test("The error of a timeout reports a lost connection")
    func lostConnection() {
        var waiters = waiters(sentTo: other)
        #expect(waiters.takeExpired(6999).isEmpty)
        waiters.recordConnectionLost(at: 3000)
        #expect(waiters.takeExpired(7000).map(\.error) == [.timeoutDueToConnectionLost])
        var others = self.waiters(sentTo: other)
        #expect(others.takeExpired(7000).map(\.error) == [.timeout])
    }
}

private final class DiscardingReceiver: CompletionReceiver {
    func deliver(_ completions: [Completion]) {}
}
