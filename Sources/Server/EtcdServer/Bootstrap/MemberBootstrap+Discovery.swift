import EtcdClient
import Membership

/// Founders that find each other through another etcd.
extension MemberBootstrap {
    /// What this member can tell before it has met the others: itself.
    var ownCluster: InitialCluster {
        InitialCluster(
            token: configuration.discovery.token,
            members: [
                InitialMember(
                    name: configuration.name, peerURLs: configuration.initialAdvertisePeerURLs.urls)
            ])
    }

    /// Registers this member, and comes back with all founders.
    func discover(_ own: InitialCluster) async throws -> InitialCluster {
        let settings = configuration.discovery
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
                    "discovery-token": .string(settings.token),
                    "discovery-endpoints": .strings(settings.endpoints.values),
                    "error": .error(error),
                ])
            logger.warn("do not reuse discovery token; generate a new one to bootstrap a cluster")
            throw BootstrapError("failed to join discovery cluster (\(error))")
        }
        guard let members = try? InitialMember.list(text), !members.isEmpty else {
            throw BootstrapError("failed to join discovery cluster (discovery: invalid peer URL)")
        }
        let cluster = InitialCluster(token: settings.token, members: members)
        guard !cluster.hasDuplicateURL else {
            throw BootstrapError("discovery cluster \(cluster.text) has duplicate url")
        }
        return cluster
    }

    private func register(_ own: InitialCluster) async throws -> String {
        let settings = configuration.discovery
        var client = EtcdClient.Configuration()
        client.timeoutMilliseconds = max(settings.requestTimeout.milliseconds, 1)
        client.dialTimeoutMilliseconds = max(settings.dialTimeout.milliseconds, 1)
        client.keepaliveIntervalMilliseconds = max(settings.keepaliveTime.milliseconds, 0)
        client.keepaliveTimeoutMilliseconds = max(settings.keepaliveTimeout.milliseconds, 1)
        let registry = try EtcdClient(endpoints: settings.endpoints.values, configuration: client)
        let local = try own.founders().named(configuration.name)
        var discovery = DiscoveryRegistry(
            registry, token: settings.token, memberID: local.id, logger: logger)
        do {
            let text = try await discovery.join(own.text)
            await registry.close()
            logger.info("discovery joined cluster successfully", ["cluster": .string(text)])
            return text
        } catch {
            await registry.close()
            if !(error is CancellationError) {
                logger.error("discovery failed to join cluster", ["error": .error(error)])
            }
            throw error
        }
    }
}
