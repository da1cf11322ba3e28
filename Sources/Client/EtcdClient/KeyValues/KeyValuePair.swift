internal import EtcdAPI
public import Identifiers

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
    /// nil without a lease.
    public let lease: LeaseID?

    /// The value as text; invalid UTF-8 is repaired.
    public var text: String { String(decoding: value, as: UTF8.self) }
    /// The key as text; invalid UTF-8 is repaired.
    public var keyText: String { String(decoding: key, as: UTF8.self) }

    init(_ pair: KeyValue, _ prefix: KeyPrefix) {
        key = prefix.removed(from: pair.key)
        value = Array(pair.value)
        createRevision = Revision(pair.createRevision)
        modRevision = Revision(pair.modRevision)
        version = pair.version
        lease = LeaseID(pair.lease)
    }
}

/// The header of every response.
public struct ResponseHeader: Hashable, Sendable {
    public let clusterID: ClusterID
    /// The member that responded.
    public let memberID: MemberID
    /// Revision of the store.
    public let revision: Revision
    public let raftTerm: Term

    init(_ header: EtcdAPI.ResponseHeader) {
        clusterID = ClusterID(header.clusterID)
        memberID = MemberID(header.memberID)
        revision = Revision(header.revision)
        raftTerm = Term(header.raftTerm)
    }

    init(_ header: Etcdserverpb_ResponseHeader) {
        clusterID = ClusterID(header.clusterID)
        memberID = MemberID(header.memberID)
        revision = Revision(header.revision)
        raftTerm = Term(header.raftTerm)
    }
}
