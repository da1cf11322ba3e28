package import Configuration
import EtcdAPI
import EtcdClient
import MonotonicClock
package import NIOCore
package import PeerTransport

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
    /// - Parameters:
    ///   - clientFiles: the certificates of this member's client URLs, for https client URLs.
    package init(
        group: any EventLoopGroup, dialing: PeerDialing = PeerDialing(),
        clientFiles: TransportSecurity = TransportSecurity()
    ) {
        self.init(
            get: { url, path, timeout in
                let response = try await PeerClient.request(
                    url: url, path: path, timeout: TimeSpan(timeout), group: group, dialing: dialing
                )
                guard response.status == 200 else {
                    throw BootstrapError("\(url)\(path) responds with status \(response.status)")
                }
                return Response(
                    clusterID: response.headers.first(name: "X-Etcd-Cluster-ID") ?? "",
                    body: response.body)
            },
            isAuthEnabled: { clientURLs, timeout in
                try await Self.probeAuthEnabled(clientURLs, timeout, clientFiles)
            })
    }

    /// Sends a serializable read without a user: with authentication enabled the member refuses it
    /// before it reads anything. Unlike the call AuthStatus it adds no entry to the log.
    ///
    /// Like the JSON gateway of etcd it shows the certificate of the client URLs and does not verify
    /// that of the member: the response only saves a start that fails later.
    private static func probeAuthEnabled(
        _ clientURLs: [String], _ timeout: Duration, _ files: TransportSecurity
    ) async throws -> Bool {
        var configuration = EtcdClient.Configuration()
        if clientURLs.contains(where: { $0.hasPrefix("https://") }) {
            var security = EtcdClient.Security()
            security.skipsVerification = true
            let hasOwn = !files.clientCertificateFile.isEmpty
            let certificate = hasOwn ? files.clientCertificateFile : files.certificateFile
            if !certificate.isEmpty {
                security.certificateFile = certificate
                security.keyFile = hasOwn ? files.clientKeyFile : files.keyFile
            }
            configuration.security = security
        }
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
