/// Looks up SRV records, like Go's `net.LookupSRV`, which etcd uses.
///
/// Its calls block until the name servers respond; run them on a thread that may block.
package struct ServiceLookup: Sendable {
    private let configuration: ResolverConfiguration

    package init(_ configuration: ResolverConfiguration = .system) {
        self.configuration = configuration
    }

    /// The records of `_service._tcp.domain` in the order of use; at least one.
    package func records(
        service: String, domain: String
    ) throws(DNSError) -> [ServiceRecord] {
        let name = "_\(service)._tcp.\(domain)"
        var failure = DNSError.notFound(name: name)
        for candidate in configuration.candidates(for: name) {
            do throws(DNSError) {
                return try records(candidate, originalName: name)
            } catch {
                // A missing response takes precedence over a name that does not exist.
                if case .noResponse = failure { continue }
                failure = error
            }
        }
        throw failure
    }

    private func records(
        _ name: String, originalName: String
    ) throws(DNSError) -> [ServiceRecord] {
        var reason = "no name server is configured"
        for _ in 0..<configuration.attempts {
            for server in configuration.servers {
                let id = UInt16.random(in: .min ... .max)
                guard let question = DNSQuestion(id: id, name: name) else {
                    throw .invalidName(originalName)
                }
                guard let response = response(to: question, from: server) else {
                    reason = "\(server.address):\(server.port) did not respond"
                    continue
                }
                switch response.code {
                case .nameDoesNotExist: throw .notFound(name: originalName)
                case .success where response.records.isEmpty: throw .notFound(name: originalName)
                case .success: return response.records.inOrderOfUse
                case .failure: reason = "server misbehaving"
                }
            }
        }
        throw .noResponse(name: originalName, reason: reason)
    }

    private func response(
        to question: DNSQuestion, from server: ResolverConfiguration.Server
    ) -> DNSResponse? {
        let exchange = DNSExchange(server: server, timeout: configuration.timeout)
        guard let response = exchange.overUDP(question) else { return nil }
        return response.isTruncated ? exchange.overTCP(question) : response
    }
}
