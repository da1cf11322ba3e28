internal import Lease
internal import ReplicaRuntime
internal import Stages

/// A lease that a client keeps alive, and who waits for the seconds that it gets.
struct LeaseRenewalCall {
    let id: LeaseID
    let completion: (Int64?) -> Void
}

/// Keepalives: they restart a clock of the leader and are not logged.
///
/// Those that come in one turn of the loop share one look at the clocks and one confirmation.
extension ClientPort {
    /// Renews a lease whose clock runs here, and gives the seconds that it has from now on; nil
    /// for anything that takes longer than that (`LeaderLeases.renewed`).
    func renew(_ id: LeaseID, _ completion: @escaping (Int64?) -> Void) {
        renewals.append(LeaseRenewalCall(id: id, completion: completion))
        flushLater()
    }

    /// Renews what has gathered.
    func renewGathered() {
        guard !renewals.isEmpty else { return }
        var calls: [LeaseRenewalCall] = []
        swap(&calls, &renewals)
        guard let term = LedTerm(runtime.status) else {
            for call in calls { call.completion(nil) }
            return
        }
        let gathered = GatheredRenewals(calls.map(\.id), in: term)
        let ids = gathered.ids
        onState(isBrief: gathered.isBrief) { state in
            GatheredRenewals.look(for: ids, at: state)
        } _: { [self] look in
            confirm(calls, gathered.seconds(of: look), in: term)
        }
    }

    /// Answers calls once this member is known to have led after their leases were renewed.
    private func confirm(_ calls: [LeaseRenewalCall], _ seconds: [Int64?], in term: LedTerm) {
        for (call, seconds) in zip(calls, seconds) where seconds == nil { call.completion(nil) }
        guard seconds.contains(where: { $0 != nil }) else { return }
        read { reply in
            let isConfirmed = term.isConfirmed(by: reply)
            for case (let call, let seconds?) in zip(calls, seconds) {
                call.completion(isConfirmed ? seconds : nil)
            }
        }
    }
}
