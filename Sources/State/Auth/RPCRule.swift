package import EtcdAPI

/// What an RPC needs while authentication is enabled, and where that is checked.
///
/// Validation of the request by itself comes first, then the token, then this, then all checks
/// against keys, leases and members. Every RPC but an open one is refused with a wrong token.
package enum RPCRule: Equatable, Sendable {
    /// Nothing; credentials are not inspected.
    case open
    /// Nothing, but a wrong token is refused.
    case anyone
    /// Credentials of anybody, even of a user who does not exist.
    case user
    /// The role root, when the call arrives.
    case root
    /// The role root, when the entry is applied.
    case rootAtApply
    /// The role root or being the user in question, when the entry is applied.
    case rootOrSelfAtApply
    /// The role root or holding the role in question, when the entry is applied.
    case rootOrHolderAtApply
    /// The role root to raise or disarm an alarm, a user to list them.
    case alarm
    /// Permissions on the keys of the request, at the revision that it reads.
    case keysAtRead
    /// Permissions on the keys of the request, when the entry is applied. A transaction that only
    /// reads has no entry and is checked as a read.
    case keysAtApply
    /// A user, then permissions on the keys of the lease when the entry is applied.
    case leaseAtApply
    /// WRITE on the keys of the lease, at every message.
    case leaseRenewal
    /// A user; READ on the keys of the lease if the response lists them.
    case leaseKeys
    /// READ on the keys of all leases.
    case allLeases
    /// What the calls need that it makes, on behalf of its caller, to KV, Lease and Watch.
    case innerCalls
}

extension RPCRule {
    /// The rule of an RPC by its path; nil for one that has none and must not be served.
    package static func of(_ path: String) -> RPCRule? { table[path] }

    /// All RPCs of all services.
    package static let table: [String: RPCRule] = {
        var table: [String: RPCRule] = [:]
        for (service, rules) in services {
            for (method, rule) in rules { table["/\(service)/\(method)"] = rule }
        }
        return table
    }()

    private static let services: [String: [String: RPCRule]] = [
        "etcdserverpb.KV": [
            "Range": .keysAtRead, "RangeStream": .keysAtRead, "Put": .keysAtApply,
            "DeleteRange": .keysAtApply, "Txn": .keysAtApply, "Compact": .root,
        ],
        "etcdserverpb.Watch": ["Watch": .keysAtRead],
        "etcdserverpb.Lease": [
            "LeaseGrant": .user, "LeaseRevoke": .leaseAtApply, "LeaseKeepAlive": .leaseRenewal,
            "LeaseTimeToLive": .leaseKeys, "LeaseLeases": .allLeases,
        ],
        "etcdserverpb.Cluster": [
            "MemberAdd": .root, "MemberRemove": .root, "MemberUpdate": .root,
            "MemberPromote": .root, "MemberList": .user,
        ],
        "etcdserverpb.Maintenance": [
            "Alarm": .alarm, "Status": .user, "Defragment": .root, "Hash": .root, "HashKV": .root,
            "Snapshot": .root, "MoveLeader": .root, "Downgrade": .root,
        ],
        "etcdserverpb.Auth": [
            "AuthEnable": .rootAtApply, "AuthDisable": .rootAtApply, "AuthStatus": .anyone,
            "Authenticate": .open, "UserAdd": .rootAtApply, "UserGet": .rootOrSelfAtApply,
            "UserList": .rootAtApply, "UserDelete": .rootAtApply,
            "UserChangePassword": .rootAtApply, "UserGrantRole": .rootAtApply,
            "UserRevokeRole": .rootAtApply, "RoleAdd": .rootAtApply,
            "RoleGet": .rootOrHolderAtApply, "RoleList": .rootAtApply,
            "RoleDelete": .rootAtApply, "RoleGrantPermission": .rootAtApply,
            "RoleRevokePermission": .rootAtApply,
        ],
        "v3lockpb.Lock": ["Lock": .innerCalls, "Unlock": .innerCalls],
        "v3electionpb.Election": [
            "Campaign": .innerCalls, "Proclaim": .innerCalls, "Leader": .innerCalls,
            "Observe": .innerCalls, "Resign": .innerCalls,
        ],
        "grpc.health.v1.Health": ["Check": .open, "List": .open, "Watch": .open],
    ]
}

extension AuthSnapshot {
    /// Throws unless the caller of an RPC may make it, as far as that depends on the caller alone.
    /// Permissions on keys, and what is checked when an entry is applied, come later.
    package func require(_ rule: RPCRule, _ identity: Identity) throws(EtcdError) {
        switch rule {
        case .user, .leaseAtApply, .leaseKeys: try requireUser(identity)
        case .leaseRenewal, .allLeases: try requireUser(identity)
        case .root: try requireRoot(identity)
        case .open, .anyone, .rootAtApply, .rootOrSelfAtApply, .rootOrHolderAtApply: break
        case .keysAtRead, .keysAtApply, .innerCalls, .alarm: break
        }
    }

    /// Throws unless the caller may make this request about alarms. An unknown action needs root.
    package func require(
        _ request: Etcdserverpb_AlarmRequest, _ identity: Identity
    ) throws(EtcdError) {
        if request.action == .get {
            try requireUser(identity)
        } else {
            try requireRoot(identity)
        }
    }
}
