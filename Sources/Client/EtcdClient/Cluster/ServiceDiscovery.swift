package import DNS
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
        try await discoverEndpoints(
            domain: domain, serviceName: serviceName, allowsPlaintext: allowsPlaintext,
            with: ServiceLookup())
    }

    /// As the public function, with other name servers than the system's.
    package static func discoverEndpoints(
        domain: String, serviceName: String = "", allowsPlaintext: Bool = false,
        with lookup: ServiceLookup
    ) async throws(EtcdClientError) -> [String] {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                try lookUp(domain, serviceName, allowsPlaintext, lookup)
            }
        } catch {
            throw EtcdClientError(any: error)
        }
    }

    /// Blocks until the name servers respond.
    private static func lookUp(
        _ domain: String, _ serviceName: String, _ allowsPlaintext: Bool, _ lookup: ServiceLookup
    ) throws(EtcdClientError) -> [String] {
        let suffix = serviceName.isEmpty ? "" : "-" + serviceName
        let services = [("etcd-client-ssl", "https"), ("etcd-client", "http")]
        var endpoints: [String] = []
        var failures: [DNSError] = []
        for (service, scheme) in services {
            do throws(DNSError) {
                let records = try lookup.records(
                    service: service + suffix, domain: domain)
                guard allowsPlaintext || scheme == "https" else { continue }
                endpoints += records.map { "\(scheme)://\($0.host):\($0.port)" }
            } catch {
                failures.append(error)
            }
        }
        guard endpoints.isEmpty else { return endpoints }
        let text =
            failures.count == services.count
            ? "dns lookup errors: " + failures.map { "\($0)" }.joined(separator: " and ")
            : "no SRV record of \(domain)"
        if case .noResponse = failures.first { throw .unavailable(text) }
        throw .invalidConfiguration(text)
    }
}

extension ServiceRecord {
    fileprivate var host: Substring { target.hasSuffix(".") ? target.dropLast() : target[...] }
}
