import Auth
import Checkers
import EtcdAPI
import Identifiers
import Linearizability
import Raft
import StateMachine

/// Permissions: what a member does for a caller must be permitted by the auth state of the moment
/// that it is of, and what it refuses must not be.
extension ClusterRecord {
    /// Checks the permission of an entry when it is applied for the first time, by the auth state before it.
    ///
    /// - Returns: whether it is refused because of its caller.
    func checkPermission(_ item: AppliedItem, _ report: inout SimulationReport) throws(Finding)
        -> Bool
    {
        guard item.entry.type == .normal,
            let request = try? InternalRaftRequest(decoding: item.entry.data)
        else { return false }
        let caller = ModelledCaller(request.header)
        if let change = AuthChange(request.payload) {
            try observe(change, by: caller, item, &report)
            return false
        }
        guard item.reachesPermissions, let isPermitted = permits(request.payload, by: caller) else {
            return false
        }
        let isRefused = item.refusal?.isOfPermission ?? false
        try AuthHistory.require(
            isPermitted, isRefused: isRefused, "entry \(item.entry.index)", by: caller,
            in: auth.newest)
        guard isRefused else { return false }
        report.count(item.refusal == .authOldRevision ? .oldRevisions : .deniedWrites)
        return true
    }

    private func observe(
        _ change: AuthChange, by caller: ModelledCaller, _ item: AppliedItem,
        _ report: inout SimulationReport
    ) throws(Finding) {
        let before = auth.newest
        let succeeded = item.refusal == nil
        try auth.apply(change, by: caller, at: item.entry.index, succeeded: succeeded)
        guard succeeded else {
            return report.count(
                before.permitsAdministration(by: caller) ? .refused : .deniedChanges)
        }
        if before.revision != auth.newest.revision { report.count(.usersChanged) }
        switch (before.isEnabled, auth.newest.isEnabled) {
        case (false, true): report.count(.authEnabled)
        case (true, false): report.count(.authDisabled)
        default: break
        }
    }

    /// Whether the requester of an entry may have it applied; nil if nothing is checked.
    private func permits(
        _ payload: InternalRaftRequest.Payload, by caller: ModelledCaller
    ) -> Bool? {
        let keys: ModelledLeaseKeys = { self.log.keys(of: $0, at: self.log.newest) }
        if case .leaseRevoke(let request) = payload {
            return auth.newest.permitsChange(ofLeaseWith: keys(request.id), by: caller)
        }
        guard let operation = StoreOperation(payload) else { return nil }
        return auth.newest.permits(operation, by: caller, keys: keys)
    }

    /// Requires that a request without an entry was refused if, and only if, its caller may not make
    /// it.
    ///
    /// - Parameter index: the entry whose state the response is of.
    func requirePermission(
        for request: CheckedRequest, by identity: Identity, isRefused: Bool, at index: LogIndex,
        _ host: Host
    ) throws(SimulationFailure) {
        guard let caller = ModelledCaller(identity) else { return }
        let state = auth.state(after: index)
        let isPermitted =
            switch request {
            case .read(let range): state.permitsRead(of: range, by: caller)
            case .watch(let range): state.permitsWatch(of: range, by: caller)
            case .administration: state.permitsAdministration(by: caller)
            case .anybody: state.permitsUser(caller)
            case .renewal(let lease):
                state.permitsUser(caller)
                    && state.permitsChange(
                        ofLeaseWith: log.keys(of: lease, at: position(after: index).revision),
                        by: caller)
            }
        do throws(Finding) {
            try AuthHistory.require(
                isPermitted, isRefused: isRefused, "\(request)", by: caller, in: state)
        } catch {
            throw SimulationFailure("host \(host.number) after entry \(index): \(error)")
        }
    }

    /// Requires that an entry names the caller of its request; nobody, where authentication was off.
    func require(
        _ header: RequestHeader?, isOf identity: Identity
    ) throws(SimulationFailure) {
        guard let caller = ModelledCaller(identity) else { return }
        let named = ModelledCaller(header)
        let isNobody = named.user == nil && named.revision == 0
        let isCaller =
            named.user == caller.user && (caller.revision ?? named.revision) == named.revision
        guard !isNobody && !isCaller else { return }
        throw SimulationFailure("the entry of a request by \(caller) names \(named)")
    }

    /// Requires that the users of a member are those of the log after an entry.
    func requireUsers(_ found: AuthSnapshot, at index: LogIndex, of host: Host) throws {
        let expected = auth.state(after: index)
        let state = AuthModel(found)
        guard state != expected else { return }
        throw SimulationFailure(
            "host \(host.number) has other users and roles after entry \(index): "
                + state.differences(from: expected))
    }
}

/// A request that a member responds to without an entry.
enum CheckedRequest: Equatable {
    case read(KeyRange)
    case watch(KeyRange)
    case renewal(lease: Int64)
    /// What only root may do.
    case administration
    /// What any user may do.
    case anybody
}

extension AppliedEntry {
    /// The error of a request; nil if it succeeded.
    var refusal: EtcdError? {
        guard case .failed(let error) = response.body else { return nil }
        return error
    }
}

extension AppliedItem {
    /// The error of a request; nil if it succeeded.
    var refusal: EtcdError? { applied.refusal }

    /// Whether permissions were checked: alarms come before them.
    fileprivate var reachesPermissions: Bool {
        switch refusal {
        case .noSpace: applied.raisesSpaceAlarm
        case .corrupt: false
        default: true
        }
    }
}

extension AuthModel {
    /// The users and roles of a member.
    fileprivate init(_ snapshot: AuthSnapshot) {
        self.init()
        isEnabled = snapshot.isEnabled
        revision = snapshot.revision
        for user in snapshot.users.values { users[user.name.text] = Set(user.roles.map(\.text)) }
        for role in snapshot.roles.values {
            roles[role.name.text] = role.permissions.map { ModelledPermission($0) }
        }
    }
}

extension AuthModel {
    fileprivate func differences(from expected: AuthModel) -> String {
        let names = Set(users.keys).union(expected.users.keys)
            .filter { users[$0] != expected.users[$0] }
        let roleNames = Set(roles.keys).union(expected.roles.keys)
            .filter { roles[$0] != expected.roles[$0] }
        return "auth revision \(revision), expected \(expected.revision), users \(names.sorted()), "
            + "roles \(roleNames.sorted())"
            + (isEnabled == expected.isEnabled ? "" : ", enabled \(isEnabled)")
    }
}

extension ModelledPermission {
    fileprivate init(_ permission: AuthPermission) {
        let kind: Kind =
            switch permission.kind {
            case .read: .read
            case .write: .write
            default: .readWrite
            }
        let end = permission.rangeEnd
        self.init(
            kind,
            KeyRange(
                key: String(decoding: permission.key, as: UTF8.self),
                end: end.isEmpty ? nil : String(decoding: end, as: UTF8.self)))
    }
}
