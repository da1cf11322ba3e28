package import EtcdAPI
internal import Lease
internal import Membership
internal import ReplicaRuntime
internal import Stages
internal import StateMachine

/// What only the leader knows of leases: how long they live. Asked here or at the leader.
package struct LeaderLeases: Sendable {
    let context: ServiceContext

    /// How long a lease lives; -1 for one that does not exist.
    package func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) async throws(EtcdError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        let others = context.settings.others
        do throws(EtcdError) {
            return try await context.atLeader { () async throws(EtcdError) in
                try await timeToLiveHere(request)
            } _: { (leader, milliseconds) async throws(LeaderCallError) in
                try await others.timeToLive(
                    request, at: leader, withinMilliseconds: milliseconds)
            }
        } catch {
            guard error == .leaseNotFound else { throw error }
            var answer = Etcdserverpb_LeaseTimeToLiveResponse()
            answer.id = request.id
            answer.ttl = -1
            return answer
        }
    }

    /// How long a lease lives, as this member's clocks have it.
    ///
    /// - Returns: nil when no clocks run here, since this member does not lead, or led no more by
    ///   the time it had looked: its successor may have renewed the lease since.
    /// - Throws: `leaseNotFound`; `timeoutWaitingForAppliedIndex`.
    package func timeToLiveHere(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) async throws(EtcdError) -> Etcdserverpb_LeaseTimeToLiveResponse? {
        try await context.waitForCommitted()
        let status = context.runtime.status
        guard status.role == .leader else { return nil }
        let found = try await context.runtime.readState(isBrief: !request.keys) {
            $0.timeToLive(request)
        }
        guard try await context.runtime.confirmsLeadership(in: status.term.rawValue) else {
            return nil
        }
        guard let found else { throw .leaseNotFound }
        return found.isPrimary ? found.answer : nil
    }

    /// How often a lease that is over but not yet revoked is looked at.
    private static let expiringRetryMilliseconds: Int64 = 50

    /// Renews a lease here. One that is over is answered once its revocation is applied.
    ///
    /// - Returns: the seconds that it has from now on, 0 when there is no such lease; nil when
    ///   this member does not lead.
    package func renewHere(_ id: Int64) async throws(EtcdError) -> Int64? {
        let deadline =
            monotonicMilliseconds() + context.runtime.settings.requestTimeoutMilliseconds
        var hasWaited = false
        let status = context.runtime.status
        guard status.role == .leader else { return nil }
        while true {
            let renewal = try await context.runtime.readState(isBrief: true) {
                state -> LeaseRenewal? in
                guard state.lessor.isPrimary else { return nil }
                return state.lessor.renew(LeaseID(rawValue: id), now: state.now)
            }
            switch renewal {
            case nil: return nil
            case .renewed(let seconds):
                // A successor that knows nothing of the renewal would end the lease too early.
                let leads = try await context.runtime.confirmsLeadership(in: status.term.rawValue)
                return leads ? seconds : nil
            case .notFound:
                // The entry that grants it may be among those which are still to be applied.
                if hasWaited { return 0 }
                try await context.waitForCommitted()
                hasWaited = true
            case .checkpointed:
                _ = try await context.runtime.propose(
                    field: InternalRaftRequest.Field.leaseCheckpoint,
                    payload: LeaseCheckpoint.encoded([
                        LeaseCheckpoint(id: LeaseID(rawValue: id), remainingSeconds: 0)
                    ]))
            case .expiring:
                guard monotonicMilliseconds() < deadline else { throw .timeout }
                try await context.pause(Self.expiringRetryMilliseconds)
            }
        }
    }

    /// Renews a lease where it can be: here, if this member leads by now, or at the leader.
    func renewed(_ id: Int64) async -> Result<Int64, EtcdError> {
        let others = context.settings.others
        do throws(EtcdError) {
            return .success(
                try await context.atLeader { () async throws(EtcdError) in
                    try await renewHere(id)
                } _: { (leader, milliseconds) async throws(LeaderCallError) in
                    try await others.renewLease(
                        id, at: leader, withinMilliseconds: milliseconds)
                })
        } catch {
            return error == .leaseNotFound ? .success(0) : .failure(error)
        }
    }
}

extension ServiceContext {
    /// Leases as the leader sees them.
    package var leases: LeaderLeases { LeaderLeases(context: self) }
}

/// What the lease calls read of the state.
extension StateMachine {
    /// nil when there is no such lease.
    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) -> (answer: Etcdserverpb_LeaseTimeToLiveResponse, isPrimary: Bool)? {
        guard let lease = lessor[LeaseID(rawValue: request.id)] else { return nil }
        var answer = Etcdserverpb_LeaseTimeToLiveResponse()
        answer.id = request.id
        answer.ttl = lease.remainingSeconds(at: now)
        answer.grantedTtl = lease.grantedSeconds
        if request.keys { answer.keys = lease.sortedKeys.map { .init($0) } }
        return (answer, lessor.isPrimary)
    }

    func leases() -> Etcdserverpb_LeaseLeasesResponse {
        var answer = Etcdserverpb_LeaseLeasesResponse()
        answer.leases = lessor.leasesByExpiry().map { lease in
            var status = Etcdserverpb_LeaseStatus()
            status.id = lease.id.rawValue
            return status
        }
        return answer
    }
}
