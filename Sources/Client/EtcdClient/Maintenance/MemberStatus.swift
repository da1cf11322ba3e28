internal import EtcdAPI
public import Identifiers

/// The status of a member.
public struct MemberStatus: Hashable, Sendable {
    public let header: ResponseHeader
    public let version: String
    /// The version whose features the database uses; empty before 3.6.
    public let storageVersion: String
    public let databaseBytes: Int64
    public let databaseBytesInUse: Int64
    /// The size at which the database is full; 0 before 3.6.
    public let databaseBytesMax: Int64
    /// `none` while no leader is known.
    public let leader: MemberID
    public let raftTerm: Term
    public let raftIndex: LogIndex
    public let raftAppliedIndex: LogIndex
    public let isLearner: Bool
    /// Texts of alarms and of a missing leader.
    public let errors: [String]
    /// The version of a downgrade that is enabled; nil: none.
    public let downgradeTarget: String?

    init(_ response: Etcdserverpb_StatusResponse) {
        header = ResponseHeader(response.header)
        version = response.version
        storageVersion = response.storageVersion
        databaseBytes = response.dbSize
        databaseBytesInUse = response.dbSizeInUse
        databaseBytesMax = response.dbSizeQuota
        leader = MemberID(response.leader)
        raftTerm = Term(response.raftTerm)
        raftIndex = LogIndex(response.raftIndex)
        raftAppliedIndex = LogIndex(response.raftAppliedIndex)
        isLearner = response.isLearner
        errors = response.errors
        let downgrade = response.downgradeInfo
        downgradeTarget = downgrade.enabled ? downgrade.targetVersion : nil
    }
}

/// A hash of the keys of a member, to compare with those of others.
public struct KeyValueHash: Hashable, Sendable {
    public let header: ResponseHeader
    public let hash: UInt32
    /// The revision up to which the history is hashed.
    public let hashRevision: Revision
    /// The revision of the last compaction: hashes are comparable only if these are equal.
    public let compactRevision: Revision

    init(_ response: Etcdserverpb_HashKVResponse) {
        header = ResponseHeader(response.header)
        hash = response.hash
        hashRevision = Revision(response.hashRevision)
        compactRevision = Revision(response.compactRevision)
    }
}

/// A condition of a member that needs an operator.
public struct Alarm: Hashable, Sendable {
    public enum Kind: Sendable {
        /// The database is full: writes are refused.
        case noSpace
        /// The data of the member is damaged: writes are refused.
        case corrupt
        /// A kind that this client does not know.
        case other
    }

    public let member: MemberID
    public let kind: Kind

    init(_ alarm: Etcdserverpb_AlarmMember) {
        member = MemberID(alarm.memberID)
        switch alarm.alarm {
        case .nospace: kind = .noSpace
        case .corrupt: kind = .corrupt
        default: kind = .other
        }
    }
}
