internal import Lease
internal import ReplicaRuntime
internal import StateMachine

/// A lease that a client keeps alive, and who waits for the seconds that it gets.
struct LeaseRenewalCall {
    let id: LeaseID
    let completion: (Int64?) -> Void
}

/// Keepalives: they restart a clock of the leader and are not logged.
///
/// Those that come in one turn of the loop share one look at the clocks and one confirmation.
extension ClientPort {
    /// Renewals that one turn of a guest may have.
    private static let briefRenewalsMax = 256

    /// Renews a lease whose clock runs here, and gives the seconds that it has from now on; nil
    /// for anything that takes longer than that (`LeaderLeases.renewed`).
    ///
    /// A renewal counts if a quorum confirms afterwards that this member still leads: one that
    /// stood still may have a successor who knows nothing of it (etcd 3.6 asks a quorum as well).
    func renew(_ id: LeaseID, _ completion: @escaping (Int64?) -> Void) {
        renewals.append(LeaseRenewalCall(id: id, completion: completion))
        flushLater()
    }

    /// Renews what has gathered.
    func renewGathered() {
        guard !renewals.isEmpty else { return }
        var calls: [LeaseRenewalCall] = []
        swap(&calls, &renewals)
        let status = runtime.status
        guard status.role == .leader else {
            for call in calls { call.completion(nil) }
            return
        }
        let ids = calls.map(\.id)
        onState(isBrief: ids.count <= Self.briefRenewalsMax) { state in
            state.renew(ids)
        } _: { [self] seconds in
            confirm(calls, seconds, inTerm: status.term.rawValue)
        }
    }

    /// Answers calls once this member is known to have led after their leases were renewed.
    private func confirm(_ calls: [LeaseRenewalCall], _ seconds: [Int64?], inTerm term: UInt64) {
        for (call, seconds) in zip(calls, seconds) where seconds == nil { call.completion(nil) }
        guard seconds.contains(where: { $0 != nil }) else { return }
        read { reply in
            var isConfirmed = false
            if case .readable = reply.value { isConfirmed = reply.term == term }
            for case (let call, let seconds?) in zip(calls, seconds) {
                call.completion(isConfirmed ? seconds : nil)
            }
        }
    }
}

extension StateMachine {
    /// The seconds that each lease has from now on; nil for those that are not simply renewed.
    fileprivate func renew(_ ids: [LeaseID]) -> [Int64?] {
        guard lessor.isPrimary else { return ids.map { _ in nil } }
        return ids.map { id in
            guard case .renewed(let seconds) = lessor.renew(id, now: now) else {
                return nil
            }
            return seconds
        }
    }
}
