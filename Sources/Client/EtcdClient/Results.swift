internal import EtcdAPI

/// What every answer tells of the store.
public struct AnswerHeader: Hashable, Sendable {
    public let clusterID: UInt64
    /// The member that answered.
    public let memberID: UInt64
    /// Revision of the store.
    public let revision: Int64
    public let raftTerm: UInt64

    init(_ header: Etcdserverpb_ResponseHeader) {
        clusterID = header.clusterID
        memberID = header.memberID
        revision = header.revision
        raftTerm = header.raftTerm
    }
}

/// A key with its value and what the store knows of it.
public struct KeyValuePair: Hashable, Sendable {
    public let key: [UInt8]
    public let value: [UInt8]
    /// Revision that created the key.
    public let createRevision: Int64
    /// Revision that changed it last.
    public let modRevision: Int64
    /// Puts since the key was created.
    public let version: Int64
    /// 0 without a lease.
    public let lease: Int64

    /// The value as text; invalid UTF-8 is repaired.
    public var text: String { String(decoding: value, as: UTF8.self) }

    init(_ pair: Mvccpb_KeyValue) {
        key = Array(pair.key)
        value = Array(pair.value)
        createRevision = pair.createRevision
        modRevision = pair.modRevision
        version = pair.version
        lease = pair.lease
    }
}

/// The answer to a put.
public struct PutResult: Hashable, Sendable {
    public let header: AnswerHeader
    /// The pair before, when it was asked for and existed.
    public let previous: KeyValuePair?

    init(_ answer: Etcdserverpb_PutResponse) {
        header = AnswerHeader(answer.header)
        previous = answer.hasPrevKv ? KeyValuePair(answer.prevKv) : nil
    }
}

/// The answer to a range.
public struct RangeResult: Hashable, Sendable {
    public let header: AnswerHeader
    public let pairs: [KeyValuePair]
    /// Whether a limit has left keys out.
    public let hasMore: Bool
    /// Keys in the range, whatever the limit.
    public let count: Int64

    init(_ answer: Etcdserverpb_RangeResponse) {
        header = AnswerHeader(answer.header)
        pairs = answer.kvs.map { KeyValuePair($0) }
        hasMore = answer.more
        count = answer.count
    }
}

/// The answer to a deletion.
public struct DeleteResult: Hashable, Sendable {
    public let header: AnswerHeader
    /// Keys that were deleted.
    public let deleted: Int64
    /// The pairs before, when they were asked for.
    public let previous: [KeyValuePair]

    init(_ answer: Etcdserverpb_DeleteRangeResponse) {
        header = AnswerHeader(answer.header)
        deleted = answer.deleted
        previous = answer.prevKvs.map { KeyValuePair($0) }
    }
}

/// What a member says of itself.
public struct MemberStatus: Hashable, Sendable {
    public let header: AnswerHeader
    public let version: String
    public let databaseBytes: Int64
    public let databaseBytesInUse: Int64
    /// 0 while no leader is known.
    public let leader: UInt64
    public let raftIndex: UInt64
    public let raftAppliedIndex: UInt64
    public let isLearner: Bool
    public let errors: [String]

    init(_ answer: Etcdserverpb_StatusResponse) {
        header = AnswerHeader(answer.header)
        version = answer.version
        databaseBytes = answer.dbSize
        databaseBytesInUse = answer.dbSizeInUse
        leader = answer.leader
        raftIndex = answer.raftIndex
        raftAppliedIndex = answer.raftAppliedIndex
        isLearner = answer.isLearner
        errors = answer.errors
    }
}
