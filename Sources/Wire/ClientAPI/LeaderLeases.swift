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
    ///   the time it had looked.
    /// - Throws: `leaseNotFound`; `timeoutWaitingForAppliedIndex`.
    package func timeToLiveHere(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) async throws(EtcdError) -> Etcdserverpb_LeaseTimeToLiveResponse? {
        guard let term = LedTerm(context.runtime.status) else { return nil }
        var question = LeaseQuestion<Etcdserverpb_LeaseTimeToLiveResponse>(
            LeaseID(rawValue: request.id), in: term)
        var step = question.first
        while true {
            switch step {
            case .look:
                let asked = question
                let look = try await context.runtime.readState(isBrief: !request.keys) { state in
                    asked.look(at: state) { request.answer(of: $0, at: $1) }
                }
                step = question.looked(look)
            case .confirm: step = question.confirmed(by: await askForRead())
            case .done(let answer): return try answer.found(orElse: nil)
            case .awaitCommitted, .takeBackCheckpoint, .pause:
                try await prepare(step, for: question.id)
                step = .look
            }
        }
    }

    /// Renews a lease here.
    ///
    /// - Returns: the seconds that it has from now on, 0 when there is no such lease; nil when
    ///   this member does not lead.
    package func renewHere(_ id: Int64) async throws(EtcdError) -> Int64? {
        guard let term = LedTerm(context.runtime.status) else { return nil }
        let deadline =
            monotonicMilliseconds() + context.runtime.settings.requestTimeoutMilliseconds
        var renewal = LeaderRenewal(LeaseID(rawValue: id), in: term, deadline: deadline)
        var step = LeaderRenewal.Step.look
        while true {
            switch step {
            case .look:
                let asked = renewal
                let found = try await context.runtime.readState(isBrief: true) {
                    asked.look(at: $0)
                }
                step = renewal.looked(found, now: monotonicMilliseconds())
            case .confirm: step = renewal.confirmed(by: await askForRead())
            case .done(let answer): return try answer.found(orElse: 0)
            case .awaitCommitted, .takeBackCheckpoint, .pause:
                try await prepare(step, for: renewal.id)
                step = .look
            }
        }
    }

    /// Does what comes before another look.
    private func prepare<Told>(
        _ step: LeaseStep<Told>, for id: LeaseID
    ) async throws(EtcdError) {
        switch step {
        case .awaitCommitted: try await context.waitForCommitted()
        case .takeBackCheckpoint:
            _ = try await context.runtime.propose(
                field: InternalRaftRequest.Field.leaseCheckpoint,
                payload: LeaseCheckpoint.encoded([LeaseCheckpoint(id: id, remainingSeconds: 0)]))
        case .pause(let milliseconds): try await context.pause(milliseconds)
        case .look, .confirm, .done: break
        }
    }

    private func askForRead() async -> Reply {
        await context.runtime.answer { .read(reply: $0) }
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

extension LeaseOutcome {
    /// - Parameter missing: stands for a lease that does not exist; nil to throw.
    /// - Returns: nil when this member does not lead.
    fileprivate func found(orElse missing: Told?) throws(EtcdError) -> Told? {
        switch self {
        case .told(let told): return told
        case .noSuchLease:
            guard let missing else { throw .leaseNotFound }
            return missing
        case .notLeading: return nil
        case .failed(let error): throw error
        }
    }
}

extension Etcdserverpb_LeaseTimeToLiveRequest {
    fileprivate func answer(
        of lease: Lease, at now: ClockMilliseconds
    ) -> Etcdserverpb_LeaseTimeToLiveResponse {
        var answer = Etcdserverpb_LeaseTimeToLiveResponse()
        answer.id = id
        answer.ttl = lease.remainingSeconds(at: now)
        answer.grantedTtl = lease.grantedSeconds
        if keys { answer.keys = lease.sortedKeys.map { .init($0) } }
        return answer
    }
}

/// What the lease calls read of the state.
extension StateMachine {
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
