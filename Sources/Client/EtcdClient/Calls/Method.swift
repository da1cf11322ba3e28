/// A method of etcd's API, and how its calls are treated.
package struct Method: Sendable {
    /// `/service/method`.
    let path: String
    /// Whether a call may be repeated although it may have been executed.
    let isRepeatable: Bool
    /// Whether a member without a leader is asked to refuse it.
    let requiresLeader: Bool

    private static func server(
        _ path: String, isRepeatable: Bool = false, requiresLeader: Bool = true
    ) -> Method {
        Method(
            path: "/etcdserverpb." + path, isRepeatable: isRepeatable,
            requiresLeader: requiresLeader)
    }
}

extension Method {
    package static let put = server("KV/Put")
    package static let range = server("KV/Range", isRepeatable: true)
    package static let serializableRange = server(
        "KV/Range", isRepeatable: true, requiresLeader: false)
    package static let rangeStream = server("KV/RangeStream", isRepeatable: true)
    package static let deleteRange = server("KV/DeleteRange")
    package static let txn = server("KV/Txn")
    /// A transaction that reads only, or may be executed twice.
    package static let repeatableTxn = server("KV/Txn", isRepeatable: true)
    package static let compact = server("KV/Compact")

    package static let watch = server("Watch/Watch", isRepeatable: true)

    package static let leaseGrant = server("Lease/LeaseGrant")
    package static let leaseRevoke = server("Lease/LeaseRevoke")
    package static let leaseKeepAlive = server("Lease/LeaseKeepAlive", isRepeatable: true)
    package static let leaseTimeToLive = server("Lease/LeaseTimeToLive", isRepeatable: true)
    package static let leaseLeases = server("Lease/LeaseLeases", isRepeatable: true)
}

extension Method {
    package static let memberAdd = server("Cluster/MemberAdd")
    package static let memberRemove = server("Cluster/MemberRemove")
    package static let memberUpdate = server("Cluster/MemberUpdate")
    package static let memberPromote = server("Cluster/MemberPromote")
    package static let memberList = server("Cluster/MemberList", isRepeatable: true)
    package static let serializableMemberList = server(
        "Cluster/MemberList", isRepeatable: true, requiresLeader: false)

    package static let alarmList = server("Maintenance/Alarm", isRepeatable: true)
    package static let alarm = server("Maintenance/Alarm")
    package static let status = server(
        "Maintenance/Status", isRepeatable: true, requiresLeader: false)
    package static let defragment = server("Maintenance/Defragment", requiresLeader: false)
    package static let hashKV = server(
        "Maintenance/HashKV", isRepeatable: true, requiresLeader: false)
    package static let snapshot = server("Maintenance/Snapshot", requiresLeader: false)
    package static let moveLeader = server("Maintenance/MoveLeader")
    package static let downgradeValidate = server("Maintenance/Downgrade", isRepeatable: true)
    package static let downgrade = server("Maintenance/Downgrade")
}

extension Method {
    package static let authenticate = server("Auth/Authenticate", isRepeatable: true)
    package static let authEnable = server("Auth/AuthEnable")
    package static let authDisable = server("Auth/AuthDisable")
    package static let authStatus = server("Auth/AuthStatus", isRepeatable: true)
    package static let userAdd = server("Auth/UserAdd")
    package static let userGet = server("Auth/UserGet", isRepeatable: true)
    package static let userList = server("Auth/UserList", isRepeatable: true)
    package static let userDelete = server("Auth/UserDelete")
    package static let userChangePassword = server("Auth/UserChangePassword")
    package static let userGrantRole = server("Auth/UserGrantRole")
    package static let userRevokeRole = server("Auth/UserRevokeRole")
    package static let roleAdd = server("Auth/RoleAdd")
    package static let roleGet = server("Auth/RoleGet", isRepeatable: true)
    package static let roleList = server("Auth/RoleList", isRepeatable: true)
    package static let roleDelete = server("Auth/RoleDelete")
    package static let roleGrantPermission = server("Auth/RoleGrantPermission")
    package static let roleRevokePermission = server("Auth/RoleRevokePermission")
}
