internal import Lease
internal import ReplicaRuntime
internal import StateMachine

/// Keepalives: they restart a clock of the leader and are not logged.
extension ClientPort {
    /// Renews a lease whose clock runs here, and gives the seconds that it has from now on; nil
    /// for anything that takes longer than that (`LeaderLeases.renewed`).
    ///
    /// A renewal counts if a quorum confirms afterwards that this member still leads: one that
    /// stood still may have a successor who knows nothing of it (etcd 3.6 asks a quorum as well).
    func renew(_ id: LeaseID, _ completion: @escaping (Int64?) -> Void) {
        let status = runtime.status
        guard status.role == .leader else { return completion(nil) }
        renewHere(id) { [self] seconds in
            guard let seconds else { return completion(nil) }
            read { reply in
                guard case .readable = reply.value, reply.term == status.term.rawValue else {
                    return completion(nil)
                }
                completion(seconds)
            }
        }
    }

    private func renewHere(_ id: LeaseID, _ completion: @escaping (Int64?) -> Void) {
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
