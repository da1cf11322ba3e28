internal import EtcdAPI
public import Identifiers

/// A member of the cluster.
public struct Member: Hashable, Sendable {
    public let id: MemberID
    /// Empty until the member has started for the first time.
    public let name: String
    public let peerURLs: [String]
    /// Empty until the member has started for the first time.
    public let clientURLs: [String]
    /// Whether it does not vote.
    public let isLearner: Bool

    init(_ member: Etcdserverpb_Member) {
        id = MemberID(member.id)
        name = member.name
        peerURLs = member.peerUrls
        clientURLs = member.clientUrls
        isLearner = member.isLearner
    }
}

extension EtcdClient {
    /// The members.
    ///
    /// - Parameter isSerializable: whether the member may respond without asking the others.
    public func members(
        isSerializable: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> [Member] {
        try await cluster.members(isSerializable: isSerializable, timeout: timeout)
    }

    /// Adds a member, which must be started then.
    ///
    /// - Throws: `peerURLExists`, `tooManyLearners`, `notEnoughMembers`, and the errors of writes.
    public func addMember(
        peerURLs: [String], isLearner: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> Member {
        var request = Etcdserverpb_MemberAddRequest()
        request.peerUrls = peerURLs
        request.isLearner = isLearner
        let response: Etcdserverpb_MemberAddResponse = try await cluster.unary(
            .memberAdd, request, timeout: timeout)
        return Member(response.member)
    }

    /// Removes a member.
    ///
    /// - Throws: `memberNotFound`, `notEnoughMembers`, and the errors of writes.
    public func removeMember(
        _ id: MemberID, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_MemberRemoveRequest()
        request.id = id.rawValue
        let _: Etcdserverpb_MemberRemoveResponse = try await cluster.unary(
            .memberRemove, request, timeout: timeout)
    }

    /// Changes the peer URLs of a member.
    ///
    /// - Throws: `memberNotFound`, `peerURLExists`, and the errors of writes.
    public func updateMember(
        _ id: MemberID, peerURLs: [String], timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_MemberUpdateRequest()
        request.id = id.rawValue
        request.peerUrls = peerURLs
        let _: Etcdserverpb_MemberUpdateResponse = try await cluster.unary(
            .memberUpdate, request, timeout: timeout)
    }

    /// Makes a learner a voting member.
    ///
    /// - Throws: `learnerNotReady`, `memberNotLearner`, `memberNotFound`, and the errors of writes.
    public func promoteMember(
        _ id: MemberID, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_MemberPromoteRequest()
        request.id = id.rawValue
        let _: Etcdserverpb_MemberPromoteResponse = try await cluster.unary(
            .memberPromote, request, timeout: timeout)
    }

    /// Replaces the endpoints by the client URLs of the members that have started and vote.
    public func synchronizeEndpoints(timeout: Duration? = nil) async throws(EtcdClientError) {
        try await cluster.synchronizeEndpoints(timeout: timeout)
    }
}

extension ClusterCalls {
    func members(
        isSerializable: Bool = false, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> [Member] {
        var request = Etcdserverpb_MemberListRequest()
        request.linearizable = !isSerializable
        let response: Etcdserverpb_MemberListResponse = try await unary(
            isSerializable ? .serializableMemberList : .memberList, request, timeout: timeout)
        return response.members.map { Member($0) }
    }

    func synchronizeEndpoints(timeout: Duration? = nil) async throws(EtcdClientError) {
        let members = try await members(timeout: timeout)
        let urls = members.filter { !$0.name.isEmpty && !$0.isLearner }.flatMap(\.clientURLs)
        try pool.replace(with: try Endpoint.list(urls))
    }
}
