import EtcdAPI

extension GoObject {
    init(_ member: Etcdserverpb_Member) {
        self.init()
        add("ID", member.id)
        add("name", member.name)
        add("peerURLs", member.peerUrls)
        add("clientURLs", member.clientUrls)
        add("isLearner", member.isLearner)
    }

    init(_ alarm: Etcdserverpb_AlarmMember) {
        self.init()
        add("memberID", alarm.memberID)
        add("alarm", alarm.alarm.rawValue)
    }

    init(_ status: Etcdserverpb_StatusResponse) {
        self.init(header: status.header)
        add("version", status.version)
        add("dbSize", status.dbSize)
        add("leader", status.leader)
        add("raftIndex", status.raftIndex)
        add("raftTerm", status.raftTerm)
        add("raftAppliedIndex", status.raftAppliedIndex)
        add("errors", status.errors)
        add("dbSizeInUse", status.dbSizeInUse)
        add("isLearner", status.isLearner)
        add("storageVersion", status.storageVersion)
        add("dbSizeQuota", status.dbSizeQuota)
        if status.hasDowngradeInfo {
            var downgrade = GoObject()
            downgrade.add("enabled", status.downgradeInfo.enabled)
            downgrade.add("targetVersion", status.downgradeInfo.targetVersion)
            add("downgradeInfo", downgrade)
        }
    }

    init(_ response: Etcdserverpb_HashKVResponse) {
        self.init(header: response.header)
        add("hash", response.hash)
        add("compact_revision", response.compactRevision)
        add("hash_revision", response.hashRevision)
    }

    init(_ permission: Authpb_Permission) {
        self.init()
        add("permType", permission.permType.rawValue)
        add("key", bytes: permission.key)
        add("range_end", bytes: permission.rangeEnd)
    }
}
