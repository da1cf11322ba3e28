import EtcdAPI
import EtcdClient
package import NIOCore
import PeerTransport

/// How a starting member asks others about their cluster: HTTP GET on a peer URL, and one call on
/// the URLs for clients.
package struct PeerEnquiry: Sendable {
    /// What came back.
    package struct Answer: Sendable {
        /// Value of the header `X-Etcd-Cluster-ID`; empty without it.
        package var clusterID: String
        package var body: [UInt8]

        package init(clusterID: String, body: [UInt8]) {
            self.clusterID = clusterID
            self.body = body
        }
    }

    /// Asks for a path of a peer URL; throws when nothing came back within the time.
    package let get:
        @Sendable (_ url: String, _ path: String, _ timeout: Duration) async throws -> Answer

    /// Asks a member, at its URLs for clients, whether it serves only users; throws when it does
    /// not answer within the time.
    package let isAuthEnabled:
        @Sendable (_ clientURLs: [String], _ timeout: Duration) async throws -> Bool

    package init(
        get:
            @escaping @Sendable (
                _ url: String, _ path: String, _ timeout: Duration
            ) async throws -> Answer,
        isAuthEnabled:
            @escaping @Sendable (
                _ clientURLs: [String], _ timeout: Duration
            ) async throws -> Bool = { urls, _ in
                throw BootstrapError("nobody answers at \(urls.joined(separator: ","))")
            }
    ) {
        self.get = get
        self.isAuthEnabled = isAuthEnabled
    }
}

extension PeerEnquiry {
    /// Asks over the network.
    package init(group: any EventLoopGroup) {
        self.init(
            get: { url, path, timeout in
                let answer = try await PeerClient.request(
                    url: url, path: path, timeoutMilliseconds: timeout.milliseconds, group: group)
                guard answer.status == 200 else {
                    throw BootstrapError("\(url)\(path) answers with status \(answer.status)")
                }
                return Answer(
                    clusterID: answer.headers.first(name: "X-Etcd-Cluster-ID") ?? "",
                    body: answer.body)
            }, isAuthEnabled: Self.refusesStrangers)
    }

    /// Sends a serializable read without a user: with authentication the member refuses it before it
    /// reads anything. Unlike the call AuthStatus it adds no entry to the log.
    private static func refusesStrangers(
        _ clientURLs: [String], _ timeout: Duration
    ) async throws -> Bool {
        var configuration = EtcdClient.Configuration()
        configuration.timeoutMilliseconds = timeout.milliseconds
        configuration.dialTimeoutMilliseconds = timeout.milliseconds
        let client = try EtcdClient(endpoints: clientURLs, configuration: configuration)
        let outcome: Result<Bool, EtcdClientError>
        do throws(EtcdClientError) {
            _ = try await client.range(.key([0]), isSerializable: true, countOnly: true)
            outcome = .success(false)
        } catch {
            let isRefused = error.message == EtcdError.userEmpty.message
            outcome = isRefused ? .success(true) : .failure(error)
        }
        await client.close()
        return try outcome.get()
    }
}
