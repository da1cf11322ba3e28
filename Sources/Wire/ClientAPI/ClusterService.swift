internal import EtcdAPI
internal import GRPC
internal import Membership

/// Membership calls: etcdserverpb.Cluster.
struct ClusterService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/etcdserverpb.Cluster/MemberList") { call, request in
                list(call, request)
            },
            context.later("/etcdserverpb.Cluster/MemberAdd", "a cluster of several members"),
            context.later("/etcdserverpb.Cluster/MemberRemove", "a cluster of several members"),
            context.later("/etcdserverpb.Cluster/MemberUpdate", "a cluster of several members"),
            context.later("/etcdserverpb.Cluster/MemberPromote", "a cluster of several members"),
        ]
    }

    private func list(_ call: GRPCServerCall, _ request: Etcdserverpb_MemberListRequest) {
        guard request.linearizable else { return answer(call) }
        context.linearized(call) { _ in answer(call) }
    }

    private func answer(_ call: GRPCServerCall) {
        let context = self.context
        context.port(call).onState({ $0.state.membership.members }) { members in
            var answer = Etcdserverpb_MemberListResponse()
            answer.header = Etcdserverpb_ResponseHeader(context.clusterHeader())
            answer.members = members.map { Etcdserverpb_Member($0) }
            call.answer(answer)
        }
    }
}

extension ServiceContext {
    /// The cluster service leaves the revision out of its headers.
    func clusterHeader() -> ResponseHeader {
        header(revision: 0, term: runtime.status.term.rawValue)
    }
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
