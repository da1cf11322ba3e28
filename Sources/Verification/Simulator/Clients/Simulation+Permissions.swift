import Auth
import Checkers
import EtcdAPI
import Identifiers
import Lease
import MVCC
import StateMachine

/// What a member checks of a caller outside of the log, as the services of the server do.
extension Simulation {
    /// Checks what depends on the caller alone.
    func permitsOnArrival(_ call: Call, _ member: SimulatedMember) throws -> Bool {
        let (rule, judged): (RPCRule, JudgedRequest)
        switch call.kind {
        case .compaction: (rule, judged) = (.root, .administration)
        case .grant: (rule, judged) = (.user, .anybody)
        case .revoke: (rule, judged) = (.leaseAtApply, .anybody)
        case .timeToLive: (rule, judged) = (.leaseKeys, .anybody)
        default: return true
        }
        return try permits(judged, call, member) { auth throws(EtcdError) in
            try auth.require(rule, call.identity)
        }
    }

    /// Checks a renewal before it is forwarded to the leader, which does not know the caller.
    func permitsForwarding(_ call: Call, _ member: SimulatedMember) throws -> Bool {
        guard case .keepAlive(let lease) = call.kind else { return true }
        return try permits(.renewal(lease: lease), call, member) { _ throws(EtcdError) in
            try member.state.requireRenewal(of: LeaseID(rawValue: lease), by: call.identity)
        }
    }

    /// Checks a watch when it is created.
    func permitsWatch(
        of range: KeyRange, by identity: Identity, _ member: SimulatedMember
    ) throws -> Bool {
        let isSingle = mutant == .watchChecksFirstKey
        let request = WatchCreateRequest(
            key: Array(range.key.utf8)[...],
            rangeEnd: isSingle ? [] : Array((range.end ?? "").utf8)[...])
        let refusal = refusal(member) { auth throws(EtcdError) in
            try auth.authorization(of: identity).require(request)
        }
        if refusal != nil { report.count(.deniedWatches) }
        try record.requirePermission(
            for: .watch(range), by: identity, isRefused: refusal != nil, at: member.readIndex,
            member.host)
        return refusal == nil
    }

    private func permits(
        _ judged: JudgedRequest, _ call: Call, _ member: SimulatedMember,
        _ check: (AuthSnapshot) throws(EtcdError) -> Void
    ) throws -> Bool {
        let refusal = refusal(member, check)
        if refusal != nil { report.count(.deniedCalls) }
        try record.requirePermission(
            for: judged, by: call.identity, isRefused: refusal != nil, at: member.readIndex,
            member.host)
        return refusal == nil
    }

    private func refusal(
        _ member: SimulatedMember, _ check: (AuthSnapshot) throws(EtcdError) -> Void
    ) -> EtcdError? {
        guard let auth = member.state.store.auth else { return nil }
        do throws(EtcdError) {
            try check(auth)
            return nil
        } catch {
            return error
        }
    }
}

/// Mutants of reads.
extension Simulation {
    /// A mutant asks for the permission when the request arrives, and not for the data that is read.
    func recordArrival(of number: CallNumber, _ member: SimulatedMember) {
        guard mutant == .readsCheckedOnArrival, let call = clients.calls[number],
            case .read(let request, _) = call.kind
        else { return }
        clients.calls[number]?.isPermittedOnArrival =
            permits(request, by: call.identity, in: member.state.store.auth)
    }

    /// On whose behalf a read is executed; nil if a mutant refuses it.
    func reader(of call: Call, _ request: RecordedRead, _ member: SimulatedMember) -> Identity? {
        switch mutant {
        case .readsUnchecked: return .server
        case .readsCheckedOnArrival: return call.isPermittedOnArrival ? .server : nil
        case .installsWithoutUsers:
            guard let former = member.formerUsers else { return call.identity }
            return permits(request, by: call.identity, in: former) ? .server : nil
        default: return call.identity
        }
    }

    private func permits(
        _ request: RecordedRead, by identity: Identity, in auth: AuthSnapshot?
    ) -> Bool {
        guard let auth else { return true }
        do throws(EtcdError) {
            try auth.authorization(of: identity).require(RangeRequest(request))
            try auth.requireCurrent(identity)
            return true
        } catch {
            return false
        }
    }
}

extension SimulatedMember {
    /// The entry whose state readers see.
    var readIndex: LogIndex { storeIndex ?? applied }
}
