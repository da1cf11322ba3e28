internal import EtcdAPI
public import Identifiers

extension EtcdClient {
    /// The status of the member that serves the call.
    public func status(timeout: Duration? = nil) async throws(EtcdClientError) -> MemberStatus {
        let response: Etcdserverpb_StatusResponse = try await cluster.unary(
            .status, Etcdserverpb_StatusRequest(), timeout: timeout)
        return MemberStatus(response)
    }

    /// The status of the member with this endpoint.
    public func status(
        of endpoint: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> MemberStatus {
        let response: Etcdserverpb_StatusResponse = try await unary(
            .status, Etcdserverpb_StatusRequest(), onMember: endpoint, timeout: timeout)
        return MemberStatus(response)
    }

    /// The hash of the keys of one member up to a revision; 0: up to its newest.
    ///
    /// - Throws: `compacted`, `futureRevision`, and the errors of availability.
    public func keyValueHash(
        of endpoint: String, revision: Revision = 0, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> KeyValueHash {
        var request = Etcdserverpb_HashKVRequest()
        request.revision = revision.rawValue
        let response: Etcdserverpb_HashKVResponse = try await unary(
            .hashKV, request, onMember: endpoint, timeout: timeout)
        return KeyValueHash(response)
    }

    /// Gives the free pages in the database of one member back to the file system. Give it a long
    /// timeout: it copies the database.
    public func defragment(
        _ endpoint: String, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        let _: Etcdserverpb_DefragmentResponse = try await unary(
            .defragment, Etcdserverpb_DefragmentRequest(), onMember: endpoint, timeout: timeout)
    }

    /// The alarms that are active.
    public func alarms(timeout: Duration? = nil) async throws(EtcdClientError) -> [Alarm] {
        let response: Etcdserverpb_AlarmResponse = try await cluster.unary(
            .alarmList, Etcdserverpb_AlarmRequest(), timeout: timeout)
        return response.alarms.map { Alarm($0) }
    }

    /// Ends an alarm, after its cause was removed.
    public func disarm(_ alarm: Alarm, timeout: Duration? = nil) async throws(EtcdClientError) {
        var request = Etcdserverpb_AlarmRequest()
        request.action = .deactivate
        request.memberID = alarm.member.rawValue
        switch alarm.kind {
        case .noSpace: request.alarm = .nospace
        case .corrupt: request.alarm = .corrupt
        case .other: request.alarm = .none
        }
        let _: Etcdserverpb_AlarmResponse = try await cluster.unary(
            .alarm, request, timeout: timeout)
    }

    /// Makes another member the leader.
    ///
    /// - Parameter endpoint: that of the leader, which other members do not replace here.
    public func moveLeader(
        from endpoint: String, to member: MemberID, timeout: Duration? = nil
    ) async throws(EtcdClientError) {
        var request = Etcdserverpb_MoveLeaderRequest()
        request.targetID = member.rawValue
        let _: Etcdserverpb_MoveLeaderResponse = try await unary(
            .moveLeader, request, onMember: endpoint, timeout: timeout)
    }
}

extension EtcdClient {
    /// A step of a downgrade of the cluster.
    public enum DowngradeAction: Hashable, Sendable {
        /// Asks whether the cluster could be downgraded.
        case validate(version: String)
        case enable(version: String)
        case cancel
    }

    /// Prepares or cancels a downgrade to the version before.
    ///
    /// - Returns: the version of the cluster.
    @discardableResult
    public func downgrade(
        _ action: DowngradeAction, timeout: Duration? = nil
    ) async throws(EtcdClientError) -> String {
        var request = Etcdserverpb_DowngradeRequest()
        switch action {
        case .validate(let version):
            request.action = .validate
            request.version = version
        case .enable(let version):
            request.action = .enable
            request.version = version
        case .cancel: request.action = .cancel
        }
        let method = request.action == .validate ? Method.downgradeValidate : .downgrade
        let response: Etcdserverpb_DowngradeResponse = try await cluster.unary(
            method, request, timeout: timeout)
        return response.version
    }
}
