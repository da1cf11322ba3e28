internal import EtcdAPI
internal import Lease
internal import NIOCore
internal import ReplicaRuntime
internal import StateMachine

/// Keepalives: they restart a clock of the leader and are not logged.
extension ClientPort {
    /// How often a lease that is over but not yet revoked is looked at.
    private static let expiringRetryMilliseconds: Int64 = 50

    /// Renews a lease; gives the seconds it has from now on, 0 when there is no such lease.
    func keepAlive(
        _ id: LeaseID, _ completion: @escaping (Result<Int64, EtcdError>) -> Void
    ) {
        let timeout = runtime.configuration.requestTimeoutMilliseconds
        keepAlive(id, until: loop.nowMilliseconds + timeout, completion)
    }

    /// A lease that is over is answered once its revocation is applied, so that whoever hears
    /// "gone" finds its keys gone.
    private func keepAlive(
        _ id: LeaseID, until deadline: Int64,
        _ completion: @escaping (Result<Int64, EtcdError>) -> Void
    ) {
        onState({ access -> LeaseRenewal? in
            guard access.state.lessor.isPrimary else { return nil }
            return access.state.lessor.renew(id, now: access.state.now)
        }) { [self] renewal in
            switch renewal {
            case .renewed(let seconds): completion(.success(seconds))
            case .notFound: completion(.success(0))
            case .checkpointed: takeBackCheckpoint(id, until: deadline, completion)
            case .expiring, nil:
                guard loop.nowMilliseconds < deadline, !runtime.hasStopped else {
                    return completion(.failure(runtime.status.leader == nil ? .noLeader : .timeout))
                }
                let wait = TimeAmount.milliseconds(Self.expiringRetryMilliseconds)
                let retry = NIOLoopBound(completion, eventLoop: loop.eventLoop)
                loop.eventLoop.scheduleTask(in: wait) {
                    self.keepAlive(id, until: deadline, retry.value)
                }
            }
        }
    }

    /// Renews once all members know that the lease has its whole life again.
    private func takeBackCheckpoint(
        _ id: LeaseID, until deadline: Int64,
        _ completion: @escaping (Result<Int64, EtcdError>) -> Void
    ) {
        let payload = ReplicaRuntime.checkpoint(of: [(id, 0)])
        let field = InternalRaftRequest.Field.leaseCheckpoint
        propose(field: field, payload: payload) { [self] reply in
            if case .failed(let error) = reply.value { return completion(.failure(error)) }
            keepAlive(id, until: deadline, completion)
        }
    }
}
