internal import EtcdAPI

/// The header of every response.
public struct ResponseHeader: Hashable, Sendable {
    public let clusterID: UInt64
    /// The member that responded.
    public let memberID: UInt64
    /// Revision of the store.
    public let revision: Revision
    public let raftTerm: UInt64

    init(_ header: Etcdserverpb_ResponseHeader) {
        clusterID = header.clusterID
        memberID = header.memberID
        revision = Revision(header.revision)
        raftTerm = header.raftTerm
    }
}

/// A key with its value and its metadata.
public struct KeyValuePair: Hashable, Sendable {
    public let key: [UInt8]
    public let value: [UInt8]
    /// Revision that created the key.
    public let createRevision: Revision
    /// Revision that changed it last.
    public let modRevision: Revision
    /// Puts since the key was created.
    public let version: Int64
    /// 0 without a lease.
    public let lease: Int64

    /// The value as text; invalid UTF-8 is repaired.
    public var text: String { String(decoding: value, as: UTF8.self) }

    init(_ pair: Mvccpb_KeyValue) {
        key = Array(pair.key)
        value = Array(pair.value)
        createRevision = Revision(pair.createRevision)
        modRevision = Revision(pair.modRevision)
        version = pair.version
        lease = pair.lease
    }
}

/// The response to a put.
public struct PutResponse: Hashable, Sendable {
    public let header: ResponseHeader
    /// The previous pair, if it was requested and existed.
    public let previous: KeyValuePair?

    init(_ response: Etcdserverpb_PutResponse) {
        header = ResponseHeader(response.header)
        previous = response.hasPrevKv ? KeyValuePair(response.prevKv) : nil
    }
}

/// The response to a range.
public struct RangeResponse: Hashable, Sendable {
    public let header: ResponseHeader
    public let pairs: [KeyValuePair]
    /// Whether more keys exist beyond the limit.
    public let hasMore: Bool
    /// The number of keys in the range, regardless of the limit.
    public let count: Int64

    init(_ response: Etcdserverpb_RangeResponse) {
        header = ResponseHeader(response.header)
        pairs = response.kvs.map { KeyValuePair($0) }
        hasMore = response.more
        count = response.count
    }
}

/// The response to a deletion.
public struct DeleteResponse: Hashable, Sendable {
    public let header: ResponseHeader
    /// Keys that were deleted.
    public let deleted: Int64
    /// The previous pairs, if they were requested.
    public let previous: [KeyValuePair]

    init(_ response: Etcdserverpb_DeleteRangeResponse) {
        header = ResponseHeader(response.header)
        deleted = response.deleted
        previous = response.prevKvs.map { KeyValuePair($0) }
    }
}

/// The status of a member.
public struct MemberStatus: Hashable, Sendable {
    public let header: ResponseHeader
    public let version: String
    public let databaseBytes: Int64
    public let databaseBytesInUse: Int64
    /// 0 while no leader is known.
    public let leader: UInt64
    public let raftIndex: UInt64
    public let raftAppliedIndex: UInt64
    public let isLearner: Bool
    public let errors: [String]

    init(_ response: Etcdserverpb_StatusResponse) {
        header = ResponseHeader(response.header)
        version = response.version
        databaseBytes = response.dbSize
        databaseBytesInUse = response.dbSizeInUse
        leader = response.leader
        raftIndex = response.raftIndex
        raftAppliedIndex = response.raftAppliedIndex
        isLearner = response.isLearner
        errors = response.errors
    }
}
