import GoText
import Configuration
import DNS
import InitialMembers
import NIOPosix

/// Members listed by SRV records: `_etcd-server-ssl._tcp` for https, `_etcd-server._tcp` for http.
extension MemberBootstrap {
    /// The cluster that the SRV records list. This member is recognized by its address and keeps
    /// its name; the others are named by numbers.
    func clusterFromServiceRecords() async throws -> InitialCluster {
        let discovery = configuration.discovery
        let suffix = discovery.dnsServiceName.isEmpty ? "" : "-" + discovery.dnsServiceName
        var pairs: [String] = []
        var failures: [String] = []
        for (scheme, service) in [("https", "etcd-server-ssl"), ("http", "etcd-server")] {
            var found: [String] = []
            do {
                found = try await members(scheme: scheme, service: service + suffix)
                pairs += found
            } catch let error as CancellationError {
                throw error
            } catch {
                failures.append(
                    "error querying DNS SRV records for _\(service)\(suffix) \(error)")
            }
            logFound(service + suffix, scheme, found)
        }
        let prefix = "error setting up initial cluster: "
        guard !pairs.isEmpty else {
            throw BootstrapError(prefix + failures.joined(separator: "\n"))
        }
        if !failures.isEmpty {
            logger.warn(
                "failed to resolve during SRV discovery",
                ["error": .string(failures.joined(separator: "\n"))])
        }
        for pair in pairs {
            logger.info("got bootstrap from DNS for etcd-server", ["node": .string(pair)])
        }
        let members = try InitialMember.list(pairs.joined(separator: ","))
        guard members.contains(where: { $0.name == configuration.name }) else {
            throw BootstrapError(
                prefix + "cannot find local etcd member \(configuration.name.goQuoted) "
                    + "in SRV records")
        }
        return InitialCluster(token: configuration.initialClusterToken, members: members)
    }

    private func logFound(_ service: String, _ scheme: String, _ found: [String]) {
        logger.info(
            "get cluster for \(service) SRV",
            [
                "service-scheme": .string(scheme), "service-name": .string(service),
                "server-name": .string(configuration.name),
                "discovery-srv": .string(configuration.discovery.dnsDomain),
                "advertise-peer-urls": .strings(configuration.initialAdvertisePeerURLs.texts),
                "found-cluster": .strings(found),
            ])
    }

    /// `name=url` for each record of one service. Records whose host has no address are skipped;
    /// if no record is left, the failure is thrown.
    private func members(scheme: String, service: String) async throws -> [String] {
        let own = try await ownAddresses()
        let (lookup, domain) = (services, configuration.discovery.dnsDomain)
        let records = try await NIOThreadPool.singleton.runIfActive {
            try lookup.records(service: service, domain: domain)
        }
        var pairs: [String] = []
        var failure: (any Error)?
        var nextNumber = 0
        for record in records {
            let target = record.target
            let host = target.hasSuffix(".") ? String(target.dropLast()) : target
            let address: String
            do {
                address = try await HostResolution.address(of: host)
            } catch let error as HostResolutionError {
                failure = error
                continue
            }
            let mine = own["\(address) \(record.port)"]
            let url = "\(scheme)://\(host):\(record.port)"
            if let mine, mine.scheme.rawValue != scheme {
                failure = BootstrapError(
                    "bootstrap at \(url) from DNS for \(service) has scheme mismatch with expected "
                        + "peer \(mine.text)")
                continue
            }
            let name = mine == nil ? String(nextNumber) : configuration.name
            if mine == nil { nextNumber += 1 }
            pairs.append("\(name)=\(url)")
        }
        if pairs.isEmpty, let failure { throw failure }
        return pairs
    }

    /// The advertised peer URLs, by address and port.
    private func ownAddresses() async throws -> [String: EndpointURL] {
        var addresses: [String: EndpointURL] = [:]
        for url in configuration.initialAdvertisePeerURLs.urls {
            addresses["\(try await HostResolution.address(of: url.host)) \(url.port)"] = url
        }
        return addresses
    }
}
