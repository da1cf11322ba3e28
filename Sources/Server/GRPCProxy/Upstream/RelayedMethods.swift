import GRPC

/// The methods whose messages pass through unread, both ways.
struct RelayedMethods: Sendable {
    private struct Unary {
        let path: String
        var repetition = UpstreamRequest.Repetition.never
        /// Whether stored ranges may be different afterwards, in a way that the request does not say.
        var clearsCache = false
        /// Whether leases may be different afterwards.
        var changesLeases = false
    }

    private static let unary: [Unary] =
        [
            Unary(
                path: "/etcdserverpb.Lease/LeaseGrant", repetition: .ifUnprocessed,
                changesLeases: true),
            Unary(
                path: "/etcdserverpb.Lease/LeaseRevoke", repetition: .ifUnprocessed,
                clearsCache: true, changesLeases: true),
            Unary(path: "/etcdserverpb.Lease/LeaseLeases", repetition: .always),
        ]
        + [
            "Cluster/MemberAdd", "Cluster/MemberRemove", "Cluster/MemberUpdate",
            "Cluster/MemberPromote", "Maintenance/Alarm", "Maintenance/Status",
            "Maintenance/Defragment", "Maintenance/Hash", "Maintenance/HashKV",
            "Maintenance/MoveLeader", "Maintenance/Downgrade", "Auth/AuthStatus",
            "Auth/Authenticate", "Auth/UserAdd", "Auth/UserGet", "Auth/UserList",
            "Auth/UserChangePassword", "Auth/RoleAdd", "Auth/RoleGet", "Auth/RoleList",
        ].map { Unary(path: "/etcdserverpb." + $0) }
        + [
            "AuthEnable", "AuthDisable", "UserDelete", "UserGrantRole", "UserRevokeRole",
            "RoleDelete", "RoleGrantPermission", "RoleRevokePermission",
        ].map { Unary(path: "/etcdserverpb.Auth/" + $0, clearsCache: true) }
        + ["Campaign", "Proclaim", "Leader", "Resign"].map {
            Unary(path: "/v3electionpb.Election/" + $0)
        }
        + ["Lock", "Unlock"].map { Unary(path: "/v3lockpb.Lock/" + $0) }

    private static let streams = [
        "/etcdserverpb.Maintenance/Snapshot", "/v3electionpb.Election/Observe",
    ]

    let upstream: Upstream
    let ranges: KeyValueProxy
    let leases: LeaseProxy

    var methods: [GRPCMethod] { Self.unary.map(method) + Self.streams.map(stream) }

    private func method(_ method: Unary) -> GRPCMethod {
        GRPCMethod(path: method.path) { call, message in
            call.relay(message, to: upstream, method.repetition) { response in
                if method.clearsCache { ranges.clear() }
                if method.changesLeases { leases.leasesChanged() }
                call.respond(response)
            }
        }
    }

    private func stream(_ path: String) -> GRPCMethod {
        GRPCMethod(path: path, kind: .serverStreaming) { _ in
            StreamRelay(path: path, upstream: upstream)
        }
    }
}

extension GRPCServerCall {
    /// Makes the same call on a member. The call fails as that one does; ends it when it ends first.
    func relay(
        _ message: [UInt8], to upstream: Upstream, _ repetition: UpstreamRequest.Repetition,
        _ completion: @escaping ([UInt8]) -> Void
    ) {
        let request = UpstreamRequest(
            path: method.path, message: message, identity: CallerIdentity(self), deadline: deadline,
            repetition: repetition)
        relay(request, to: upstream) { result in
            switch result {
            case .success(let response): completion(response)
            case .failure(let status): self.finish(status)
            }
        }
    }

    /// Makes a call on a member that ends with this one.
    func relay(
        _ request: UpstreamRequest, to upstream: Upstream,
        _ completion: @escaping UpstreamCall.Completion
    ) {
        let started = UpstreamCall.start(request, on: upstream) { result in
            guard !self.isClosed else { return }
            completion(result)
        }
        whenClosed { started.cancel() }
    }
}
