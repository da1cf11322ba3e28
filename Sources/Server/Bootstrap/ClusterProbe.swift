import InitialMembers
import MonotonicClock
package import NIOCore
package import PeerTransport

/// The requests that a starting member sends to learn about the cluster: HTTP GET on a peer URL.
package struct ClusterProbe: Sendable {
    /// A response with status 200.
    package struct Response: Sendable {
        /// Value of the header `X-Etcd-Cluster-ID`; empty without it.
        package var clusterID: String
        package var body: [UInt8]

        package init(clusterID: String, body: [UInt8]) {
            self.clusterID = clusterID
            self.body = body
        }
    }

    /// Requests a path of a peer URL; throws when no response arrives within the timeout.
    package let get:
        @Sendable (_ url: String, _ path: String, _ timeout: Duration) async throws -> Response

    package init(
        get:
            @escaping @Sendable (
                _ url: String, _ path: String, _ timeout: Duration
            ) async throws -> Response
    ) {
        self.get = get
    }
}

extension ClusterProbe {
    /// Sends the requests over the network.
    ///
    /// - Parameter dialing: how members are dialed.
    package init(group: any EventLoopGroup, dialing: PeerDialing = PeerDialing()) {
        self.init { url, path, timeout in
            let response = try await PeerClient.request(
                url: url, path: path, timeout: TimeSpan(timeout), group: group, dialing: dialing)
            guard response.status == 200 else {
                throw BootstrapError("\(url)\(path) responds with status \(response.status)")
            }
            return Response(
                clusterID: response.headers.first(name: "X-Etcd-Cluster-ID") ?? "",
                body: response.body)
        }
    }
}
