internal import EtcdAPI
internal import Lease
internal import NIOCore
internal import ReplicaRuntime
internal import StateMachine

/// Keepalives: they restart a clock of the leader and are not logged.
extension ClientPort {
    /// How often a lease that is over but not yet revoked is looked at.
    private static let expiringRetryMilliseconds: Int64 = 50
    /// How often a lease that may still come with the next entries is looked for.
    private static let grantRetryMilliseconds: Int64 = 2

    /// Renews a lease; gives the seconds it has from now on, 0 when there is no such lease, nil
    /// when no clocks run here since this member does not lead.
    func keepAlive(
        _ id: LeaseID, _ completion: @escaping (Result<Int64?, EtcdError>) -> Void
    ) {
        let now = loop.nowMilliseconds
        let limits = KeepAliveLimits(
            committed: runtime.status.commitIndex.rawValue,
            applied: now + ServiceContext.appliedMilliseconds,
            revoked: now + runtime.configuration.requestTimeoutMilliseconds)
        keepAlive(id, limits, completion)
    }

    /// How long a keepalive waits, in milliseconds of the loop's clock, and for what.
    private struct KeepAliveLimits {
        /// A lease that is granted up to this entry is not missing, only not there yet.
        let committed: UInt64
        let applied: Int64
        let revoked: Int64
    }

    /// A lease that is over is answered once its revocation is applied, so that whoever hears
    /// "gone" finds its keys gone.
    private func keepAlive(
        _ id: LeaseID, _ limits: KeepAliveLimits,
        _ completion: @escaping (Result<Int64?, EtcdError>) -> Void
    ) {
        onState({ access -> (LeaseRenewal, applied: UInt64)? in
            guard access.state.lessor.isPrimary else { return nil }
            let renewal = access.state.lessor.renew(id, now: access.state.now)
            return (renewal, access.state.appliedIndex)
        }) { [self] answer in
            guard let (renewal, applied) = answer else { return completion(.success(nil)) }
            switch renewal {
            case .renewed(let seconds): completion(.success(seconds))
            case .checkpointed: takeBackCheckpoint(id, limits, completion)
            case .notFound where applied >= limits.committed: completion(.success(0))
            case .notFound:
                guard loop.nowMilliseconds < limits.applied else {
                    return completion(.failure(.timeoutWaitingForAppliedIndex))
                }
                retry(Self.grantRetryMilliseconds, id, limits, completion)
            case .expiring:
                guard loop.nowMilliseconds < limits.revoked, !runtime.hasStopped else {
                    return completion(.failure(.timeout))
                }
                retry(Self.expiringRetryMilliseconds, id, limits, completion)
            }
        }
    }

    /// Renews once all members know that the lease has its whole life again.
    private func takeBackCheckpoint(
        _ id: LeaseID, _ limits: KeepAliveLimits,
        _ completion: @escaping (Result<Int64?, EtcdError>) -> Void
    ) {
        let payload = ReplicaRuntime.checkpoint(of: [(id, 0)])
        let field = InternalRaftRequest.Field.leaseCheckpoint
        propose(field: field, payload: payload) { [self] reply in
            if case .failed(let error) = reply.value { return completion(.failure(error)) }
            keepAlive(id, limits, completion)
        }
    }

    private func retry(
        _ milliseconds: Int64, _ id: LeaseID, _ limits: KeepAliveLimits,
        _ completion: @escaping (Result<Int64?, EtcdError>) -> Void
    ) {
        let completion = NIOLoopBound(completion, eventLoop: loop.eventLoop)
        loop.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
            self.keepAlive(id, limits, completion.value)
        }
    }
}
