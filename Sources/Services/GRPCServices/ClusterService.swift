internal import Auth
internal import EtcdAPI
internal import GRPC
internal import Identifiers
internal import Membership
internal import NIOCore
internal import MemberRuntime

/// Membership calls: etcdserverpb.Cluster.
struct ClusterService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/etcdserverpb.Cluster/MemberList") { call, request, _ in
                list(call, request)
            },
            context.generated(
                "/etcdserverpb.Cluster/MemberAdd", check: { context.members.check($0.peerUrls) }
            ) { (call: GRPCServerCall, request: Etcdserverpb_MemberAddRequest, _) in
                call.respond { () async throws(EtcdError) in try await add(request) }
            },
            context.generated("/etcdserverpb.Cluster/MemberRemove") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberRemoveRequest, _) in
                call.respond { () async throws(EtcdError) in try await remove(request) }
            },
            context.generated("/etcdserverpb.Cluster/MemberUpdate") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberUpdateRequest, _) in
                call.respond { () async throws(EtcdError) in try await update(request) }
            },
            context.generated("/etcdserverpb.Cluster/MemberPromote") {
                (call: GRPCServerCall, request: Etcdserverpb_MemberPromoteRequest, _) in
                let token = context.credentials(of: call).token
                call.respond { () async throws(EtcdError) in try await promote(request, token) }
            },
        ]
    }

    private func list(_ call: GRPCServerCall, _ request: Etcdserverpb_MemberListRequest) {
        guard request.linearizable else { return respondWithMembers(call) }
        context.linearized(call) { _ in respondWithMembers(call) }
    }

    private func respondWithMembers(_ call: GRPCServerCall) {
        let context = self.context
        context.submitter(call).onState({ $0.membership.members }) { members in
            var response = Etcdserverpb_MemberListResponse()
            response.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
            response.members = members.map { Etcdserverpb_Member($0) }
            call.respond(response)
        }
    }

    private func add(
        _ request: Etcdserverpb_MemberAddRequest
    ) async throws(EtcdError) -> Etcdserverpb_MemberAddResponse {
        let (member, members) = try await context.members.add(
            request.peerUrls, isLearner: request.isLearner)
        var response = Etcdserverpb_MemberAddResponse()
        response.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        response.member = Etcdserverpb_Member(member)
        response.members = members.map { Etcdserverpb_Member($0) }
        return response
    }

    private func remove(
        _ request: Etcdserverpb_MemberRemoveRequest
    ) async throws(EtcdError) -> Etcdserverpb_MemberRemoveResponse {
        let members = try await context.members.remove(MemberID(rawValue: request.id))
        var response = Etcdserverpb_MemberRemoveResponse()
        response.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        response.members = members.map { Etcdserverpb_Member($0) }
        return response
    }

    private func update(
        _ request: Etcdserverpb_MemberUpdateRequest
    ) async throws(EtcdError) -> Etcdserverpb_MemberUpdateResponse {
        let members = try await context.members.update(
            MemberID(rawValue: request.id), peerURLs: request.peerUrls)
        var response = Etcdserverpb_MemberUpdateResponse()
        response.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        response.members = members.map { Etcdserverpb_Member($0) }
        return response
    }

    private func promote(
        _ request: Etcdserverpb_MemberPromoteRequest, _ token: String?
    ) async throws(EtcdError) -> Etcdserverpb_MemberPromoteResponse {
        let members = try await context.members.promote(
            MemberID(rawValue: request.id), token: token)
        var response = Etcdserverpb_MemberPromoteResponse()
        response.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
        response.members = members.map { Etcdserverpb_Member($0) }
        return response
    }
}

extension ServiceContext {
    /// The header without a revision, as etcd's cluster service sends it.
    func clusterHeader() -> ResponseHeader {
        header(revision: 0, term: runtime.term)
    }

    /// Membership changes.
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
