import Auth
import EtcdAPI
import Lease
import MVCC
import Membership

/// Leases and alarms.
extension StateMachine {
    func apply(_ request: LeaseGrantRequest) -> AppliedEntry {
        guard !alarms.isActive(.noSpace) else { return failed(.noSpace, "LeaseGrant") }
        let fits = admits(Quota.costOfLease())
        var granted: Result<Lease, EtcdError> = .failure(.leaseNotFound)
        mutate { batch in
            granted = Result { () throws(EtcdError) in
                try leases.lessor.grant(
                    LeaseID(rawValue: request.id), seconds: request.ttlSeconds, now: now,
                    into: &batch)
            }
        }
        switch granted {
        case .failure(let error): return failed(error, "LeaseGrant")
        case .success(let lease):
            var applied = AppliedEntry(
                response: makeResponse(
                    fits
                        ? .leaseGrant(id: lease.id.rawValue, seconds: lease.grantedSeconds)
                        : .failed(.noSpace)))
            applied.operation = "LeaseGrant"
            applied.raisesSpaceAlarm = !fits
            return applied
        }
    }

    /// Revokes a lease and deletes its keys in one transaction, in byte order.
    func apply(_ request: LeaseRevokeRequest, by requester: Requester?) -> AppliedEntry {
        if let requester, let refusal = refusal(of: request, by: requester) {
            return failed(refusal, "LeaseRevoke")
        }
        var revoked: Result<[[UInt8]], EtcdError> = .failure(.leaseNotFound)
        mutate { batch in
            revoked = Result { () throws(EtcdError) in
                try leases.lessor.revoke(LeaseID(rawValue: request.id), into: &batch)
            }
        }
        switch revoked {
        case .failure(let error): return failed(error, "LeaseRevoke")
        case .success(let keys):
            var transaction = store.beginWrite()
            transaction.deleteDetached(keys)
            finish(transaction)
            var applied = AppliedEntry(response: makeResponse(.leaseRevoke))
            applied.operation = "LeaseRevoke"
            return applied
        }
    }

    func applyCheckpoint(_ request: Etcdserverpb_LeaseCheckpointRequest) -> AppliedEntry {
        let isStored =
            configuration.persistsLeaseCheckpoints
            || membership.version.map { $0 >= SemanticVersion(3, 6) } ?? false
        mutate { batch in
            for checkpoint in request.checkpoints {
                let id = LeaseID(rawValue: checkpoint.id)
                leases.lessor.checkpoint(
                    id, remainingSeconds: checkpoint.remainingTtl, persist: isStored, into: &batch)
                leases.lessor.scheduleCheckpoint(of: id, now: now)
            }
        }
        var applied = AppliedEntry(response: makeResponse(.done))
        applied.operation = "LeaseCheckpoint"
        return applied
    }

    func applyAlarm(_ request: Etcdserverpb_AlarmRequest) -> AppliedEntry {
        var affected: [Alarm] = []
        if let type = AlarmType(rawValue: request.alarm.rawValue) {
            let alarm = Alarm(member: .init(rawValue: request.memberID), type: type)
            switch request.action {
            case .get: affected = alarms.list(type)
            case .activate where type != .none:
                mutate { alarms.activate(alarm, into: &$0) }
                affected = [alarm]
            case .deactivate:
                var wasRaised = false
                mutate { wasRaised = alarms.deactivate(alarm, into: &$0) }
                affected = wasRaised ? [alarm] : []
            case .activate, .UNRECOGNIZED: break
            }
        }
        var applied = AppliedEntry(response: makeResponse(.alarm(affected)))
        applied.operation = "Alarm"
        return applied
    }
}
