internal import Synchronization
internal import TLS

/// The TLS of a client's connections: made when the first endpoint needs it.
final class EndpointTLS: Sendable {
    private let security: EtcdClient.Security?
    private let made = Mutex<TLSClient?>(nil)

    init(_ security: EtcdClient.Security?) {
        self.security = security
    }

    /// Reads the certificates, if one of the endpoints needs them.
    func prepare(for endpoints: [Endpoint]) throws(EtcdClientError) {
        guard endpoints.contains(where: isEncrypted) else { return }
        guard made.withLock({ $0 }) == nil else { return }
        let client = try make()
        made.withLock { $0 = client }
    }

    /// nil: the connection is not encrypted. Throws before `prepare`, so that nothing is sent in
    /// plaintext to an endpoint with TLS.
    func client(for endpoint: Endpoint) throws(EtcdClientError) -> TLSClient? {
        guard isEncrypted(endpoint) else { return nil }
        guard let client = made.withLock({ $0 }) else {
            throw .invalidConfiguration("no TLS for the endpoint \(endpoint.text)")
        }
        return client
    }

    private func isEncrypted(_ endpoint: Endpoint) -> Bool {
        endpoint.isEncrypted ?? (security != nil)
    }

    private func make() throws(EtcdClientError) -> TLSClient {
        var files = TLSEndpointConfiguration()
        files.trustedCAFile = security?.authoritiesFile ?? ""
        files.certificateFile = security?.certificateFile ?? ""
        files.keyFile = security?.keyFile ?? ""
        files.skipsServerVerification = security?.skipsVerification ?? false
        do throws(TLSConfigurationError) {
            return try TLSClient(files, applicationProtocols: ["h2"])
        } catch {
            throw .invalidConfiguration(error.description)
        }
    }
}
