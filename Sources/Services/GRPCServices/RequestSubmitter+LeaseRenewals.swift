internal import MemberRuntime
internal import Stages

/// A keepalive of a client: the lease and the caller, and the callback that receives its new time to live.
struct LeaseRenewalCall {
    let request: RenewalRequest
    let handler: (Int64?) -> Void
}

/// Keepalives: they restart a clock of the leader and are not logged.
///
/// All keepalives of one event loop tick share one access to the clocks and one ReadIndex. Those for
/// another leader share a request.
extension RequestSubmitter {
    /// Renewals in one request to the leader.
    private static let forwardedMax = 4096

    /// Renews a lease. The handler receives the remaining seconds, or nil
    /// when the renewal needs the slow path (`LeaderLeases.renew`), also for its error.
    func renew(_ request: RenewalRequest, _ handler: @escaping (Int64?) -> Void) {
        renewals.append(LeaseRenewalCall(request: request, handler: handler))
        scheduleFlush()
    }

    /// Renews the pending leases as one batch.
    func renewPending() {
        guard !renewals.isEmpty else { return }
        var calls: [LeaseRenewalCall] = []
        swap(&calls, &renewals)
        guard let term = LeaderTerm(runtime.replicaStatus) else {
            forwarded += calls
            return forwardPending()
        }
        let pending = PendingRenewals(calls.map(\.request), in: term)
        let requests = pending.requests
        onState(isBrief: pending.isBrief) { state in
            PendingRenewals.renew(requests, in: state)
        } _: { [self] attempt in
            confirm(calls, pending.seconds(of: attempt), in: term)
        }
    }

    /// Completes the calls once a ReadIndex confirms that this member still led after the renewal.
    private func confirm(_ calls: [LeaseRenewalCall], _ seconds: [Int64?], in term: LeaderTerm) {
        for (call, seconds) in zip(calls, seconds) where seconds == nil { call.handler(nil) }
        guard seconds.contains(where: { $0 != nil }) else { return }
        read { completion in
            let isConfirmed = term.isConfirmed(by: completion)
            for case (let call, let seconds?) in zip(calls, seconds) {
                call.handler(isConfirmed ? seconds : nil)
            }
        }
    }

    /// Renews leases at the leader. There is one request at a time: what comes meanwhile shares the
    /// next one.
    private func forwardPending() {
        guard !awaitsLeader, !forwarded.isEmpty else { return }
        let calls = Array(forwarded.prefix(Self.forwardedMax))
        forwarded.removeFirst(calls.count)
        guard let leader = runtime.replicaStatus.leader else { return conclude(calls, []) }
        awaitsLeader = true
        let requests = calls.map(\.request)
        onState(isBrief: PendingRenewals.isBrief(requests)) { state in
            (state.membership[leader], PendingRenewals.permitted(requests, in: state))
        } _: { [self] leader, isPermitted in
            guard let leader else { return conclude(calls, []) }
            var permitted: [LeaseRenewalCall] = []
            for (call, isPermitted) in zip(calls, isPermitted) {
                if isPermitted { permitted.append(call) } else { call.handler(nil) }
            }
            guard !permitted.isEmpty else { return conclude([], []) }
            peers.renewLeases(permitted.map(\.request.id.rawValue), at: leader, on: loop.eventLoop)
            {
                [self] seconds in
                loop.performBatch { conclude(permitted, seconds) }
            }
        }
    }

    /// - Parameter seconds: of each call; those without take the slow path.
    private func conclude(_ calls: [LeaseRenewalCall], _ seconds: [Int64?]) {
        awaitsLeader = false
        for (index, call) in calls.enumerated() {
            call.handler(index < seconds.count ? seconds[index] : nil)
        }
        forwardPending()
    }
}
