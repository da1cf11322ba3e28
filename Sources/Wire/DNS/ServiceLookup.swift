/// Looks SRV records up, as `net.LookupSRV` of etcd does.
///
/// Its calls block for as long as the name servers take; give them a thread that may.
package struct ServiceLookup: Sendable {
    private let configuration: ResolverConfiguration

    package init(_ configuration: ResolverConfiguration = .system) {
        self.configuration = configuration
    }

    /// The records of `_service._tcp.domain` in the order of their use; at least one.
    package func records(
        service: String, domain: String
    ) throws(DNSError) -> [ServiceRecord] {
        let name = "_\(service)._tcp.\(domain)"
        var failure = DNSError.notFound(name: name)
        for candidate in configuration.candidates(for: name) {
            do throws(DNSError) {
                return try records(candidate, asked: name)
            } catch {
                // That a server did not answer says more than that another name does not exist.
                if case .noAnswer = failure { continue }
                failure = error
            }
        }
        throw failure
    }

    private func records(_ name: String, asked: String) throws(DNSError) -> [ServiceRecord] {
        var reason = "no name server is configured"
        for _ in 0..<configuration.attempts {
            for server in configuration.servers {
                let id = UInt16.random(in: .min ... .max)
                guard let question = DNSQuestion(id: id, name: name) else {
                    throw .invalidName(asked)
                }
                guard let answer = answer(question, of: server) else {
                    reason = "\(server.address):\(server.port) did not answer"
                    continue
                }
                switch answer.outcome {
                case .nameDoesNotExist: throw .notFound(name: asked)
                case .success where answer.records.isEmpty: throw .notFound(name: asked)
                case .success: return answer.records.inOrderOfUse
                case .failure: reason = "server misbehaving"
                }
            }
        }
        throw .noAnswer(name: asked, reason: reason)
    }

    private func answer(
        _ question: DNSQuestion, of server: ResolverConfiguration.Server
    ) -> DNSAnswer? {
        let exchange = DNSExchange(server: server, timeoutSeconds: configuration.timeoutSeconds)
        guard let answer = exchange.overUDP(question) else { return nil }
        return answer.isTruncated ? exchange.overTCP(question) : answer
    }
}
