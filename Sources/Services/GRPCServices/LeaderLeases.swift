internal import Auth
package import EtcdAPI
internal import Lease
internal import Membership
internal import MemberRuntime
import MonotonicClock
package import Stages
internal import StateMachine

/// Remaining lifetimes of leases, which only the leader knows: served here or by the leader.
package struct LeaderLeases: Sendable {
    let context: ServiceContext

    /// The remaining time to live of a lease; -1 for a lease that does not exist.
    ///
    /// The leader knows nothing of the caller. So its response is checked here: the caller needs READ
    /// on the keys that it lists, by permissions that have not changed meanwhile.
    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, by caller: Identity
    ) async throws(EtcdError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        let auth = context.auth
        let response = try await timeToLive(request)
        guard request.keys, let now = context.auth else { return response }
        guard auth?.revision == now.revision else { throw .authOldRevision }
        try now.authorization(of: caller).requireRead(of: response.keys.lazy.map { Array($0) })
        return response
    }

    private func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) async throws(EtcdError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        let peers = context.configuration.peers
        do throws(EtcdError) {
            return try await context.atLeader { () async throws(EtcdError) in
                try await timeToLiveHere(request)
            } _: { (leader, limit) async throws(LeaderCallError) in
                try await peers.timeToLive(
                    request, at: leader, within: limit)
            }
        } catch {
            guard error == .leaseNotFound else { throw error }
            var response = Etcdserverpb_LeaseTimeToLiveResponse()
            response.id = request.id
            response.ttl = -1
            return response
        }
    }

    /// The remaining time to live of a lease by this member's clocks.
    ///
    /// - Returns: nil when no clocks run here, because this member does not lead or lost its
    ///   leadership before the read was confirmed.
    /// - Throws: `leaseNotFound`; `timeoutWaitingForAppliedIndex`.
    package func timeToLiveHere(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest
    ) async throws(EtcdError) -> Etcdserverpb_LeaseTimeToLiveResponse? {
        guard let term = LeaderTerm(context.runtime.replicaStatus) else { return nil }
        var query = LeaseQuery<Etcdserverpb_LeaseTimeToLiveResponse>(
            LeaseID(rawValue: request.id), in: term)
        var step = query.first
        while true {
            switch step {
            case .inspect:
                let current = query
                let reading = try await context.runtime.readState(isBrief: !request.keys) { state in
                    current.inspect(in: state) { request.response(of: $0, at: $1) }
                }
                step = query.handle(reading)
            case .confirm: step = query.confirmed(by: await readIndex())
            case .done(let result): return try result.found(orElse: nil)
            case .awaitCommitted, .clearCheckpoint, .pause:
                try await prepare(step, for: query.id)
                step = .inspect
            }
        }
    }

    /// Renews a lease here.
    ///
    /// - Returns: the remaining seconds, 0 when there is no such lease; nil when this member does
    ///   not lead.
    /// - Throws: what the caller lacks, among others. Other members check their callers themselves.
    package func renewHere(_ request: RenewalRequest) async throws(EtcdError) -> Int64? {
        guard let term = LeaderTerm(context.runtime.replicaStatus) else { return nil }
        let deadline =
            MonotonicTime.now() + context.runtime.configuration.requestTimeout
        var renewal = LeaderRenewal(request, in: term, deadline: deadline)
        var step = LeaderRenewal.Step.inspect
        while true {
            switch step {
            case .inspect:
                let current = renewal
                let renewed = try await context.runtime.readState(isBrief: true) {
                    current.renew(in: $0)
                }
                step = renewal.handle(renewed, now: .now())
            case .confirm: step = renewal.confirmed(by: await readIndex())
            case .done(let result): return try result.found(orElse: 0)
            case .awaitCommitted, .clearCheckpoint, .pause:
                try await prepare(step, for: request.id)
                step = .inspect
            }
        }
    }

    /// Renews leases here.
    ///
    /// - Returns: the remaining seconds of each; nil for one whose renewal has to be tried by itself.
    package func renewHere(_ requests: [RenewalRequest]) async throws(EtcdError) -> [Int64?] {
        let none: [Int64?] = requests.map { _ in nil }
        guard let term = LeaderTerm(context.runtime.replicaStatus) else { return none }
        let pending = PendingRenewals(requests, in: term)
        let attempt = try await context.runtime.readState(isBrief: pending.isBrief) {
            PendingRenewals.renew(requests, in: $0)
        }
        let seconds = pending.seconds(of: attempt)
        guard seconds.contains(where: { $0 != nil }) else { return none }
        return term.isConfirmed(by: await readIndex()) ? seconds : none
    }

    /// Performs the step that precedes the next inspection of the lease.
    private func prepare<Value>(
        _ step: LeaseStep<Value>, for id: LeaseID
    ) async throws(EtcdError) {
        switch step {
        case .awaitCommitted: try await context.waitForCommitted()
        case .clearCheckpoint:
            _ = try await context.runtime.propose(
                field: InternalRaftRequest.Field.leaseCheckpoint,
                payload: LeaseCheckpoint.encoded([LeaseCheckpoint(id: id, remainingSeconds: 0)]),
                by: .server)
        case .pause(let time): try await context.pause(time)
        case .inspect, .confirm, .done: break
        }
    }

    private func readIndex() async -> Completion {
        await context.runtime.completion { .read(completion: $0) }
    }

    /// Renews a lease here if this member leads by now, else at the leader.
    func renew(_ request: RenewalRequest) async -> Result<Int64, EtcdError> {
        let peers = context.configuration.peers
        do throws(EtcdError) {
            return .success(
                try await context.atLeader { () async throws(EtcdError) in
                    try await renewHere(request)
                } _: { (leader, limit) async throws(LeaderCallError) in
                    try await requireHere(request)
                    return try await peers.renewLease(
                        request.id.rawValue, at: leader, within: limit)
                })
        } catch {
            return error == .leaseNotFound ? .success(0) : .failure(error)
        }
    }
}

extension LeaderLeases {
    /// Throws unless the caller may renew the lease, by the state of this member.
    private func requireHere(_ request: RenewalRequest) async throws(LeaderCallError) {
        guard context.auth != nil else { return }
        do throws(EtcdError) {
            try await context.runtime.readState { state in
                Result { () throws(EtcdError) in
                    try state.requireRenewal(of: request.id, by: request.identity)
                }
            }.get()
        } catch {
            throw .rejected(error)
        }
    }
}

extension ServiceContext {
    /// The leases by the leader's clocks.
    package var leases: LeaderLeases { LeaderLeases(context: self) }
}

extension LeaseQueryResult {
    /// - Parameter missing: the value for a lease that does not exist; nil to throw.
    /// - Returns: nil when this member does not lead.
    fileprivate func found(orElse missing: Value?) throws(EtcdError) -> Value? {
        switch self {
        case .value(let value): return value
        case .noSuchLease:
            guard let missing else { throw .leaseNotFound }
            return missing
        case .notLeading: return nil
        case .failed(let error): throw error
        }
    }
}

extension Etcdserverpb_LeaseTimeToLiveRequest {
    fileprivate func response(
        of lease: Lease, at now: MonotonicTime
    ) -> Etcdserverpb_LeaseTimeToLiveResponse {
        var response = Etcdserverpb_LeaseTimeToLiveResponse()
        response.id = id
        response.ttl = lease.remainingSeconds(at: now)
        response.grantedTtl = lease.grantedSeconds
        if keys { response.keys = lease.sortedKeys.map { .init($0) } }
        return response
    }
}
