import Configuration
import EtcdClient
import InitialMembers
import Membership

/// Bootstrap of a new cluster through the v3 discovery service.
extension MemberBootstrap {
    /// The cluster as known before discovery: this member only.
    var ownCluster: InitialCluster {
        InitialCluster(
            token: configuration.discovery.token,
            members: [
                InitialMember(
                    name: configuration.name, peerURLs: configuration.initialAdvertisePeerURLs.urls)
            ])
    }

    /// Registers this member and returns the cluster of all initial members.
    func discover(_ own: InitialCluster) async throws -> InitialCluster {
        let discovery = configuration.discovery
        logger.info("Bootstrapping cluster using v3 discovery.")
        let text: String
        do {
            text = try await register(own)
        } catch let error as CancellationError {
            throw error
        } catch {
            logger.warn(
                "failed to bootstrap; discovery token was already used",
                [
                    "discovery-token": .string(discovery.token),
                    "discovery-endpoints": .strings(discovery.endpoints.values),
                    "error": .error(error),
                ])
            logger.warn("do not reuse discovery token; generate a new one to bootstrap a cluster")
            throw BootstrapError("failed to join discovery cluster (\(error))")
        }
        guard let members = try? InitialMember.list(text), !members.isEmpty else {
            throw BootstrapError("failed to join discovery cluster (discovery: invalid peer URL)")
        }
        let cluster = InitialCluster(token: discovery.token, members: members)
        guard !cluster.hasDuplicateURL else {
            throw BootstrapError("discovery cluster \(cluster.text) has duplicate url")
        }
        return cluster
    }

    private func register(_ own: InitialCluster) async throws -> String {
        let discovery = configuration.discovery
        var clientConfiguration = EtcdClient.Configuration()
        clientConfiguration.timeout = max(discovery.requestTimeout, .milliseconds(1))
        clientConfiguration.dialTimeout = max(discovery.dialTimeout, .milliseconds(1))
        clientConfiguration.keepaliveInterval = max(discovery.keepaliveTime, .zero)
        clientConfiguration.keepaliveTimeout = max(
            discovery.keepaliveTimeout, .milliseconds(1))
        clientConfiguration.security = discovery.security
        clientConfiguration.credentials = discovery.credentials
        let local = try own.membersWithIDs().named(configuration.name)
        do {
            let text = try await EtcdClient.withClient(
                endpoints: discovery.endpoints.values, configuration: clientConfiguration
            ) { client in
                var registry = DiscoveryRegistry(
                    client, token: discovery.token, memberID: local.id, logger: logger)
                return try await registry.join(own.text)
            }
            logger.info("discovery joined cluster successfully", ["cluster": .string(text)])
            return text
        } catch {
            if !(error is CancellationError) {
                logger.error("discovery failed to join cluster", ["error": .error(error)])
            }
            throw error
        }
    }
}

extension DiscoveryConfiguration {
    /// The user of the discovery service; as in etcd, nobody unless name and password are given.
    fileprivate var credentials: EtcdClient.Credentials? {
        guard !user.isEmpty, !password.isEmpty else { return nil }
        return .password(name: user, password: password)
    }

    /// The certificates for the discovery service. As in etcd, each of the flags enables TLS for
    /// endpoints without a scheme; nil if none is given.
    fileprivate var security: EtcdClient.Security? {
        let hasFiles = [certificateFile, keyFile, trustedCAFile].contains { !$0.isEmpty }
        guard hasFiles || !insecureTransport || insecureSkipVerify else { return nil }
        func file(_ path: String) -> String? { path.isEmpty ? nil : path }
        var security = EtcdClient.Security()
        security.authoritiesFile = file(trustedCAFile)
        security.certificateFile = file(certificateFile)
        security.keyFile = file(keyFile)
        security.skipsVerification = insecureSkipVerify
        return security
    }
}
