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
        let known: (rule: RPCRule, checked: CheckedRequest)? =
            switch call.kind {
            case .compaction: (.root, .administration)
            case .grant: (.user, .anybody)
            case .revoke: (.leaseAtApply, .anybody)
            case .timeToLive: (.leaseKeys, .anybody)
            default: nil
            }
        guard let known else { return true }
        return try permits(known.checked, call, at: member.readIndex, member) {
            try member.state.store.auth?.require(known.rule, call.identity)
        }
    }

    /// Checks a renewal before it is forwarded to the leader, which does not know the caller.
    func permitsForwarding(_ call: Call, _ member: SimulatedMember) throws -> Bool {
        guard case .keepAlive(let lease) = call.kind, !member.isInstalling else { return false }
        return try permits(.renewal(lease: lease), call, at: member.applied, member) {
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
        let isRefused = Self.isRefused {
            try member.state.store.auth?.authorization(of: identity).require(request)
        }
        if isRefused { report.count(.deniedWatches) }
        try record.requirePermission(
            for: .watch(range), by: identity, isRefused: isRefused, at: member.readIndex,
            member.host)
        return !isRefused
    }

    private func permits(
        _ checked: CheckedRequest, _ call: Call, at index: LogIndex, _ member: SimulatedMember,
        _ check: () throws -> Void
    ) throws -> Bool {
        let isRefused = Self.isRefused(check)
        if isRefused { report.count(.deniedCalls) }
        try record.requirePermission(
            for: checked, by: call.identity, isRefused: isRefused, at: index, member.host)
        return !isRefused
    }

    private static func isRefused(_ check: () throws -> Void) -> Bool {
        do {
            try check()
            return false
        } catch {
            return true
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
        !Self.isRefused {
            try auth?.authorization(of: identity).require(RangeRequest(request))
            try auth?.requireCurrent(identity)
        }
    }
}

extension SimulatedMember {
    /// The entry whose state readers see.
    var readIndex: LogIndex { storeIndex ?? applied }
}
