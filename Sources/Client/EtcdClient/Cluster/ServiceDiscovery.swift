internal import DNS
internal import NIOCore
internal import NIOPosix

extension EtcdClient {
    /// The endpoints that DNS names for a domain, as `etcdctl --discovery-srv` finds them: the SRV
    /// records `_etcd-client-ssl._tcp` for `https`, `_etcd-client._tcp` for `http`.
    ///
    /// - Parameters:
    ///   - serviceName: added to the name of the service, as `_etcd-client-NAME._tcp`.
    ///   - allowsPlaintext: whether `http` endpoints are returned too.
    /// - Throws: `invalidConfiguration` without any record, `unavailable` if no name server
    ///   responds.
    public static func discoverEndpoints(
        domain: String, serviceName: String = "", allowsPlaintext: Bool = false
    ) async throws(EtcdClientError) -> [String] {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                try lookUp(domain, serviceName, allowsPlaintext)
            }
        } catch {
            throw EtcdClientError(any: error)
        }
    }

    /// Blocks until the name servers respond.
    private static func lookUp(
        _ domain: String, _ serviceName: String, _ allowsPlaintext: Bool
    ) throws(EtcdClientError) -> [String] {
        let suffix = serviceName.isEmpty ? "" : "-" + serviceName
        let services =
            [("etcd-client-ssl", "https")] + (allowsPlaintext ? [("etcd-client", "http")] : [])
        var endpoints: [String] = []
        var failure: DNSError?
        for (service, scheme) in services {
            do throws(DNSError) {
                let records = try ServiceLookup().records(
                    service: service + suffix, domain: domain)
                endpoints += records.map { "\(scheme)://\($0.host):\($0.port)" }
            } catch {
                failure = failure ?? error
            }
        }
        guard endpoints.isEmpty else { return endpoints }
        let text = failure.map { "\($0)" } ?? "no SRV record of \(domain)"
        if case .noResponse = failure { throw .unavailable(text) }
        throw .invalidConfiguration(text)
    }
}

extension ServiceRecord {
    fileprivate var host: Substring { target.hasSuffix(".") ? target.dropLast() : target[...] }
}
