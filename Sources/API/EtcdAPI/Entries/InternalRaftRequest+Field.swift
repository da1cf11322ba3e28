extension InternalRaftRequest {
    /// Field numbers of etcdserverpb.InternalRaftRequest.
    package enum Field {
        package static let id: UInt32 = 1
        package static let range: UInt32 = 3
        package static let put: UInt32 = 4
        package static let deleteRange: UInt32 = 5
        package static let txn: UInt32 = 6
        package static let compaction: UInt32 = 7
        package static let leaseGrant: UInt32 = 8
        package static let leaseRevoke: UInt32 = 9
        package static let alarm: UInt32 = 10
        package static let leaseCheckpoint: UInt32 = 11
        package static let header: UInt32 = 100
        package static let authEnable: UInt32 = 1000
        package static let authDisable: UInt32 = 1011
        package static let authenticate: UInt32 = 1012
        package static let authStatus: UInt32 = 1013
        package static let authUserAdd: UInt32 = 1100
        package static let authUserDelete: UInt32 = 1101
        package static let authUserGet: UInt32 = 1102
        package static let authUserChangePassword: UInt32 = 1103
        package static let authUserGrantRole: UInt32 = 1104
        package static let authUserRevokeRole: UInt32 = 1105
        package static let authUserList: UInt32 = 1106
        package static let authRoleList: UInt32 = 1107
        package static let authRoleAdd: UInt32 = 1200
        package static let authRoleDelete: UInt32 = 1201
        package static let authRoleGet: UInt32 = 1202
        package static let authRoleGrantPermission: UInt32 = 1203
        package static let authRoleRevokePermission: UInt32 = 1204
        package static let clusterVersionSet: UInt32 = 1300
        package static let clusterMemberAttributesSet: UInt32 = 1301
        package static let downgradeInfoSet: UInt32 = 1302
        package static let downgradeVersionTest: UInt32 = 9900

        /// Whether a field is a request that is kept encoded in `Payload.other`.
        static func isOther(_ field: UInt32) -> Bool {
            switch field {
            case alarm, leaseCheckpoint, authEnable, authDisable...authStatus: true
            case authUserAdd...authRoleList, authRoleAdd...authRoleRevokePermission: true
            case clusterVersionSet...downgradeInfoSet, downgradeVersionTest: true
            default: false
            }
        }
    }
}
