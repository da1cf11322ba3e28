import EtcdAPI
import EtcdClient
package import NIOCore
import PeerTransport
package import TLS

/// The requests that a starting member sends to learn about the cluster: HTTP GET on a peer URL,
/// and one call on the client URLs.
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

    /// Whether authentication is enabled at a member, asked at its client URLs; throws when it
    /// does not respond within the timeout.
    package let isAuthEnabled:
        @Sendable (_ clientURLs: [String], _ timeout: Duration) async throws -> Bool

    package init(
        get:
            @escaping @Sendable (
                _ url: String, _ path: String, _ timeout: Duration
            ) async throws -> Response,
        isAuthEnabled:
            @escaping @Sendable (
                _ clientURLs: [String], _ timeout: Duration
            ) async throws -> Bool = { urls, _ in
                throw BootstrapError("no response from \(urls.joined(separator: ","))")
            }
    ) {
        self.get = get
        self.isAuthEnabled = isAuthEnabled
    }
}

extension ClusterProbe {
    /// Sends the requests over the network.
    ///
    /// - Parameter tls: for https URLs, which fail without it.
    package init(group: any EventLoopGroup, tls: TLSClient? = nil) {
        self.init(
            get: { url, path, timeout in
                let response = try await PeerClient.request(
                    url: url, path: path, timeoutMilliseconds: timeout.milliseconds, group: group,
                    tls: tls)
                guard response.status == 200 else {
                    throw BootstrapError("\(url)\(path) responds with status \(response.status)")
                }
                return Response(
                    clusterID: response.headers.first(name: "X-Etcd-Cluster-ID") ?? "",
                    body: response.body)
            }, isAuthEnabled: Self.probeAuthEnabled)
    }

    /// Sends a serializable read without a user: with authentication enabled the member refuses it
    /// before it reads anything. Unlike the call AuthStatus it adds no entry to the log.
    private static func probeAuthEnabled(
        _ clientURLs: [String], _ timeout: Duration
    ) async throws -> Bool {
        var configuration = EtcdClient.Configuration()
        configuration.timeout = timeout
        configuration.dialTimeout = timeout
        let client = try EtcdClient(endpoints: clientURLs, configuration: configuration)
        let result: Result<Bool, EtcdClientError>
        do throws(EtcdClientError) {
            _ = try await client.range(.key([0]), isSerializable: true, countOnly: true)
            result = .success(false)
        } catch {
            let isRefused = error.message == EtcdError.userEmpty.message
            result = isRefused ? .success(true) : .failure(error)
        }
        await client.close()
        return try result.get()
    }
}
