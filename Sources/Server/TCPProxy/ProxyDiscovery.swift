package import DNS
internal import NIOCore
internal import NIOPosix
package import ServerLogging
internal import TLS

/// Finds the endpoints of a domain by the SRV records of etcd's clients, as etcd's proxies do.
package struct ProxyDiscovery: Sendable {
    package var domain: String
    /// Added to the name of the service, as `_etcd-client-NAME._tcp`.
    package var serviceName = ""
    /// Whether endpoints without TLS are used, and none is dialed first.
    package var isInsecure = false
    /// Must be readable unless `isInsecure`; empty: none.
    package var trustedCAFile = ""

    private static let dialTimeout = TimeAmount.seconds(5)

    package init(domain: String) {
        self.domain = domain
    }

    /// An endpoint with the URL that the log shows.
    private struct Found {
        let url: String
        let endpoint: ProxyEndpoint
        var isSecure: Bool { url.hasPrefix("https://") }
    }

    /// The endpoints in the order of their records, those with TLS first. Unless `isInsecure`, only
    /// those with TLS that accept a connection.
    ///
    /// - Throws: `ProxyDiscoveryError` if no name server knows a record.
    package func endpoints(
        with lookup: ServiceLookup = ServiceLookup(), logger: ServerLogger
    ) async throws(ProxyDiscoveryError) -> [ProxyEndpoint] {
        let found = try await records(lookup)
        log("discovered cluster from SRV", found, to: logger)
        if isInsecure { return found.map(\.endpoint) }
        log("validating discovered SRV endpoints", found, to: logger)
        var failures: [String] = []
        var usable: [Found] = []
        if let failure = failureOfFile() {
            failures = [failure]
        } else {
            for one in found {
                if let failure = await failure(of: one) {
                    failures.append(failure)
                } else {
                    usable.append(one)
                }
            }
        }
        if failures.isEmpty {
            log("using validated discovered SRV endpoints", usable, to: logger)
        } else {
            logger.warn(
                "failed to validate discovered endpoints",
                [
                    "srv-server": .string(domain), "endpoints": .strings(usable.map(\.url)),
                    "error": .string(failures.joined(separator: ",")),
                ])
        }
        return usable.map(\.endpoint)
    }

    private func log(_ message: String, _ found: [Found], to logger: ServerLogger) {
        logger.info(
            message, ["srv-server": .string(domain), "endpoints": .strings(found.map(\.url))])
    }

    private func records(
        _ lookup: ServiceLookup
    ) async throws(ProxyDiscoveryError) -> [Found] {
        do {
            return try await NIOThreadPool.singleton.runIfActive { try self.lookUp(lookup) }
        } catch {
            throw (error as? ProxyDiscoveryError) ?? ProxyDiscoveryError(description: "\(error)")
        }
    }

    /// Blocks until the name servers respond.
    private func lookUp(_ lookup: ServiceLookup) throws(ProxyDiscoveryError) -> [Found] {
        let suffix = serviceName.isEmpty ? "" : "-" + serviceName
        var found: [Found] = []
        var failures: [DNSError] = []
        for (service, scheme) in [("etcd-client-ssl", "https"), ("etcd-client", "http")] {
            do throws(DNSError) {
                found += try lookup.records(service: service + suffix, domain: domain).map {
                    record in
                    let endpoint = ProxyEndpoint(
                        host: record.target, port: record.port, priority: record.priority,
                        weight: record.weight)
                    return Found(url: "\(scheme)://\(endpoint.address)", endpoint: endpoint)
                }
            } catch {
                failures.append(error)
            }
        }
        guard failures.count < 2 else {
            throw ProxyDiscoveryError(
                description: "dns lookup errors: \(failures[0]) and \(failures[1])")
        }
        return found
    }

    /// Why the file of the authorities cannot be used.
    private func failureOfFile() -> String? {
        var configuration = TLSEndpointConfiguration()
        configuration.trustedCAFile = trustedCAFile
        do throws(TLSConfigurationError) {
            _ = try TLSClient(configuration, applicationProtocols: [])
            return nil
        } catch {
            return "\(error)"
        }
    }

    private func failure(of found: Found) async -> String? {
        guard found.isSecure else { return "\"\(found.url)\" is insecure" }
        do {
            let channel = try await ClientBootstrap(group: NIOSingletons.posixEventLoopGroup)
                .connectTimeout(Self.dialTimeout)
                .connect(host: found.endpoint.host, port: Int(found.endpoint.port)).get()
            channel.close(promise: nil)
            return nil
        } catch {
            let text = NetworkErrorText.ofDial(error, to: found.endpoint)
            return "\"\(found.url)\" failed to dial (\(text))"
        }
    }
}

/// No name server knows a record of the domain.
package struct ProxyDiscoveryError: Error, Hashable, CustomStringConvertible {
    package let description: String
}
