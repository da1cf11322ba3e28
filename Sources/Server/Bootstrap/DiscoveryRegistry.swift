import Identifiers
import InitialMembers
import ServerLogging
import EtcdClient

/// The v3 discovery service: keys of another etcd under which the members of a new cluster
/// register.
///
/// `/_etcd/registry/<token>/_config/size` holds the cluster size; each member registers itself as
/// `/_etcd/registry/<token>/members/<id>`, and the first that register form the cluster.
struct DiscoveryRegistry {
    private static let retryExponentMax = 8

    private let client: EtcdClient
    private let keys: RegistryKeys
    private let ownKey: String
    private let logger: ServerLogger
    private var retries = 0

    init(
        _ client: EtcdClient, token: String, memberID: MemberID, logger: ServerLogger
    ) {
        self.client = client
        self.logger = logger
        keys = RegistryKeys(token: token)
        ownKey = keys.member(memberID)
    }

    /// Registers this member and waits until all initial members are registered.
    ///
    /// - Parameter pair: `name=url`, or several joined by commas.
    /// - Returns: the initial members in the form of `--initial-cluster`.
    mutating func join(_ pair: String) async throws -> String {
        _ = try await readRegistry()
        try await register(pair)
        var view = try await readRegistry()
        while !view.isComplete {
            logCount("waiting for peers from discovery service", view)
            do {
                try await waitForPeers(&view)
            } catch let error as EtcdClientError {
                logger.warn(
                    "failed to watch the members in the discovery service",
                    ["error": .error(error)])
                try await pause("cluster status check")
                view = try await readRegistry()
            }
        }
        logCount("found all needed peers from discovery service", view)
        return view.initialCluster
    }

    /// The current size and members; retries until the registry responds.
    private mutating func readRegistry() async throws -> RegistryView {
        while true {
            do {
                let size = try await size()
                var view = RegistryView(size: size, prefix: keys.members)
                let range = try await client.range(.prefix(keys.members))
                view.revision = range.header.revision
                for pair in range.pairs { add(pair, to: &view) }
                retries = 0
                guard view.admits(ownKey) else {
                    throw BootstrapError("discovery: cluster is full")
                }
                return view
            } catch let error as EtcdClientError {
                // A wrong password does not become right.
                guard error.reason != .authenticationFailed else { throw error }
                logger.warn(
                    "failed to get cluster members from discovery service",
                    ["membersKeyPrefix": .string(keys.members), "error": .error(error)])
            }
            try await pause("cluster status check")
        }
    }

    private func size() async throws -> Int {
        guard let pair = try await client.get(keys.size) else {
            throw BootstrapError("discovery: size key not found")
        }
        guard let size = Int(pair.text), size > 0 else {
            throw BootstrapError("discovery: size key is bad")
        }
        return size
    }

    private mutating func register(_ pair: String) async throws {
        while true {
            do {
                try await client.put(ownKey, pair)
                retries = 0
                logger.info(
                    "register member itself successfully",
                    ["memberKey": .string(ownKey), "memberInfo": .string(pair)])
                return
            } catch {
                logger.warn(
                    "failed to register members itself to the discovery service",
                    ["memberKey": .string(ownKey), "error": .error(error)])
            }
            try await pause("register member itself")
        }
    }

    private func waitForPeers(_ view: inout RegistryView) async throws {
        let options = WatchOptions(from: view.revision.next)
        for try await update in client.watch(.prefix(keys.members), options) {
            for event in update.events { add(event.pair, to: &view) }
            view.revision = max(view.revision, update.header.revision)
            if view.isComplete { return }
        }
    }

    private func add(_ pair: KeyValuePair, to view: inout RegistryView) {
        let key = String(decoding: pair.key, as: UTF8.self)
        let refusal = view.add(key: key, value: pair.text, createRevision: pair.createRevision)
        let fields: KeyValuePairs<String, LogValue> = [
            "memberKey": .string(key), "memberInfo": .string(pair.text),
        ]
        if let refusal {
            logger.warn(refusal, fields)
        } else {
            logger.info("found peer from discovery service", fields)
        }
    }

    private func logCount(_ message: String, _ view: RegistryView) {
        logger.info(
            message,
            ["clusterSize": .number(view.size), "found-peers": .number(view.members.count)])
    }

    /// Waits with exponential backoff, at most 256 s.
    private mutating func pause(_ reason: String) async throws {
        retries += 1
        let seconds = 1 << min(retries, Self.retryExponentMax)
        logger.warn(
            "retry connecting to discovery service",
            ["reason": .string(reason), "backoff": .duration(.seconds(seconds))])
        try await Task.sleep(for: .seconds(seconds))
    }
}

/// The keys of one cluster in the registry.
struct RegistryKeys {
    private let cluster: String

    init(token: String) {
        var parts: [Substring] = ["_etcd", "registry"]
        // As in etcd, the token is cleaned as a part of a path.
        for part in token.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        cluster = "/" + parts.joined(separator: "/")
    }

    var size: String { cluster + "/_config/size" }
    var members: String { cluster + "/members" }

    func member(_ id: MemberID) -> String { members + "/\(id)" }
}
