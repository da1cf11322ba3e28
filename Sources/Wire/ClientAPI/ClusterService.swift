internal import EtcdAPI
internal import GRPC
internal import Membership
internal import NIOCore
internal import ReplicaRuntime

/// Membership calls: etcdserverpb.Cluster.
struct ClusterService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/etcdserverpb.Cluster/MemberList") { call, request in
                list(call, request)
            },
            context.generated("/etcdserverpb.Cluster/MemberAdd") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberAddRequest) in
                call.answer { () async throws(EtcdError) in try await add(request) }
            },
            context.generated("/etcdserverpb.Cluster/MemberRemove") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberRemoveRequest) in
                call.answer { () async throws(EtcdError) in try await remove(request) }
            },
            context.generated("/etcdserverpb.Cluster/MemberUpdate") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberUpdateRequest) in
                call.answer { () async throws(EtcdError) in try await update(request) }
            },
            context.generated("/etcdserverpb.Cluster/MemberPromote") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberPromoteRequest) in
                let token = call.metadata.first("token")
                call.answer { () async throws(EtcdError) in try await promote(request, token) }
            },
        ]
    }

    private func list(_ call: GRPCServerCall, _ request: Etcdserverpb_MemberListRequest) {
        guard request.linearizable else { return answer(call) }
        context.linearized(call) { _ in answer(call) }
    }

    private func answer(_ call: GRPCServerCall) {
        let context = self.context
        context.port(call).onState({ $0.membership.members }) { members in
            var answer = Etcdserverpb_MemberListResponse()
            answer.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
            answer.members = members.map { Etcdserverpb_Member($0) }
            call.answer(answer)
        }
    }

    private func add(
        _ request: Etcdserverpb_MemberAddRequest
    ) async throws(EtcdError) -> Etcdserverpb_MemberAddResponse {
        let (member, members) = try await context.members.add(
            request.peerUrls, isLearner: request.isLearner)
        var answer = Etcdserverpb_MemberAddResponse()
        answer.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        answer.member = Etcdserverpb_Member(member)
        answer.members = members.map { Etcdserverpb_Member($0) }
        return answer
    }

    private func remove(
        _ request: Etcdserverpb_MemberRemoveRequest
    ) async throws(EtcdError) -> Etcdserverpb_MemberRemoveResponse {
        let members = try await context.members.remove(MemberID(rawValue: request.id))
        var answer = Etcdserverpb_MemberRemoveResponse()
        answer.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        answer.members = members.map { Etcdserverpb_Member($0) }
        return answer
    }

    private func update(
        _ request: Etcdserverpb_MemberUpdateRequest
    ) async throws(EtcdError) -> Etcdserverpb_MemberUpdateResponse {
        let members = try await context.members.update(
            MemberID(rawValue: request.id), peerURLs: request.peerUrls)
        var answer = Etcdserverpb_MemberUpdateResponse()
        answer.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        answer.members = members.map { Etcdserverpb_Member($0) }
        return answer
    }

    private func promote(
        _ request: Etcdserverpb_MemberPromoteRequest, _ token: String?
    ) async throws(EtcdError) -> Etcdserverpb_MemberPromoteResponse {
        let members = try await context.members.promote(
            MemberID(rawValue: request.id), token: token)
        var answer = Etcdserverpb_MemberPromoteResponse()
        answer.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        answer.members = members.map { Etcdserverpb_Member($0) }
        return answer
    }
}

extension ServiceContext {
    /// The cluster service leaves the revision out of its headers.
    func clusterHeader() -> ResponseHeader {
        header(revision: 0, term: runtime.term)
    }

    /// Changes of the membership.
    package var members: MemberChanges { MemberChanges(context: self) }
}

extension Etcdserverpb_Member {
    init(_ member: Member) {
        self.init()
        id = member.id.rawValue
        name = member.name
        peerUrls = member.peerURLs
        clientUrls = member.clientURLs
        isLearner = member.isLearner
    }
}
