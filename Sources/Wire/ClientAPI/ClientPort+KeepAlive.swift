internal import Lease
internal import ReplicaRuntime
internal import StateMachine

/// Keepalives: they restart a clock of the leader and are not logged.
extension ClientPort {
    /// Renews a lease whose clock runs here, and gives the seconds that it has from now on; nil
    /// for anything that takes longer than a look (`LeaderLeases.renewed`).
    func renew(_ id: LeaseID, _ completion: @escaping (Int64?) -> Void) {
        onState(
            { access -> Int64? in
                guard access.state.lessor.isPrimary,
                    case .renewed(let seconds) = access.state.lessor.renew(
                        id, now: access.state.now)
                else { return nil }
                return seconds
            }, completion)
    }
}
