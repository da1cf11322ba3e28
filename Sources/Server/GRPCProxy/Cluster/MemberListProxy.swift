import EtcdAPI
import GRPC
import SwiftProtobuf

/// Cluster.MemberList: the proxies instead of the members, so that clients keep using proxies.
final class MemberListProxy: @unchecked Sendable {  // used on the proxy's event loop only
    /// A proxy as clients see it.
    struct Proxy: Hashable, Sendable {
        let name: String
        let clientURL: String
    }

    private let upstream: Upstream
    /// nil: the list is etcd's.
    private let own: Proxy?
    /// The registered proxies, as far as they are known; nil without a resolver.
    var registered: [Proxy]?

    private static let path = "/etcdserverpb.Cluster/MemberList"

    /// - Parameter url: the advertised URL; empty: the list is etcd's.
    init(upstream: Upstream, advertising url: String) {
        self.upstream = upstream
        own =
            url.isEmpty ? nil : Proxy(name: ProxyConfiguration.hostName, clientURL: url)
    }

    var methods: [GRPCMethod] {
        [
            GRPCMethod(path: Self.path) { call, message in
                guard let own = self.own else {
                    return call.relay(message, to: self.upstream, .never) { call.respond($0) }
                }
                let registered = self.registered ?? []
                self.respond(registered.isEmpty ? [own] : registered, to: call)
            }
        ]
    }

    private func respond(_ proxies: [Proxy], to call: GRPCServerCall) {
        var list = Etcdserverpb_MemberListResponse()
        list.members = proxies.map { proxy in
            var member = Etcdserverpb_Member()
            member.name = proxy.name
            member.clientUrls = [proxy.clientURL]
            return member
        }
        guard let bytes: [UInt8] = try? list.serializedBytes() else {
            return call.finish(GRPCStatus(.internal, "grpc: error while marshaling"))
        }
        call.respond(bytes)
    }
}
