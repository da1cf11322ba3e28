import EtcdClient
import GoText
import NIOCore
import ServerLogging

/// `--resolver-prefix`: registers the proxy in etcd as long as it runs, and knows the others.
///
/// The key `PREFIX/URL` is on a lease, and has the form of etcd's endpoint resolver, which etcd's
/// proxies read and write as well.
struct ProxyRegistration: Sendable {
    let client: EtcdClient
    let prefix: String
    let ttlSeconds: Int64
    let url: String
    let members: MemberListProxy
    let eventLoop: any EventLoop
    let logger: ServerLogger

    private static let pause = Duration.seconds(1)

    /// Registers and watches, again after each failure, until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await repeated("cannot register the proxy") { try await register() } }
            group.addTask { await repeated("cannot watch the proxies") { try await watch() } }
        }
    }

    private func repeated(_ message: String, _ body: () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                try await body()
            } catch {
                logger.warn(message, ["error": .error(error)])
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func register() async throws {
        let key = "\(prefix)/\(url)"
        let entry = ResolverEntry(address: url, name: ProxyConfiguration.hostName).json
        let logger = logger
        try await client.withLease(ttl: .seconds(ttlSeconds)) { lease in
            try await client.put(key, entry, lease: lease.id)
            logger.info(
                "registered session with lease",
                ["addr": .string(url), "lease-ttl": .integer(ttlSeconds)])
            while true { try await Task.sleep(for: .seconds(3600)) }
        }
    }

    /// Reads the entries, then again after each change.
    private func watch() async throws {
        let keys = KeyRange.prefix("\(prefix)/")
        try await client.withWatch(keys) { watch in
            try await read(keys)
            for try await update in watch where !update.events.isEmpty { try await read(keys) }
        }
    }

    private func read(_ keys: KeyRange) async throws {
        let response = try await client.range(keys)
        let proxies = response.pairs.compactMap { pair -> MemberListProxy.Proxy? in
            guard let entry = ResolverEntry(json: pair.value) else { return nil }
            return MemberListProxy.Proxy(name: entry.name, clientURL: entry.address)
        }
        eventLoop.execute { members.registered = proxies }
    }
}
