extension FlagTable {
    static let member: [FlagDefinition] = [
        .flag("name", \.name, .member, "Name of this member, for people."),
        .flag("data-dir", \.dataDirectory, .member, "Directory that holds this member's data."),
        .flag("wal-dir", \.walDirectory, .member, "Directory of its own for the write-ahead log."),
        .flag(
            "snapshot-count", \.snapshotCount, .member,
            "Applied entries after which a snapshot is written."),
        .flag(
            "heartbeat-interval", \.heartbeatIntervalMilliseconds, .member,
            "Milliseconds between two heartbeats of a leader."),
        .flag(
            "election-timeout", \.electionTimeoutMilliseconds, .member,
            "Milliseconds without a leader after which an election begins."),
        .flag(
            "initial-election-tick-advance", \.initialElectionTickAdvance, .member,
            "Shorten the first election timeout after a start."),
        .urls(
            "listen-peer-urls", \.listenPeerURLs, .member,
            "URLs to listen on for other members."),
        .urls(
            "listen-client-urls", \.listenClientURLs, .member,
            "URLs to listen on for clients, gRPC and HTTP."),
        .urls(
            "listen-client-http-urls", \.listenClientHTTPURLs, .member,
            "URLs to listen on for HTTP clients only; the client URLs then serve gRPC only."),
        .flag(
            "max-snapshots", \.snapshotFilesMax, .member,
            "Snapshot files to keep, 0 for all (deprecated)."),
        .flag("max-wals", \.walFilesMax, .member, "Log segments to keep, 0 for all."),
        .flag("memory-mlock", \.lockMemory, .member, "Keep the server's memory out of swap."),
        .flag(
            "quota-backend-bytes", \.quotaBackendBytes, .member,
            "Backend size at which writes stop; 0 for 2 GiB, below 0 for no limit."),
        .flag(
            "backend-bbolt-freelist-type", \.backendFreelistType, .member,
            "Kind of free page list: map or array."),
        .flag(
            "backend-batch-interval", \.backendBatchInterval, .member,
            "Longest time between two commits of the backend; 0 for 100ms."),
        .flag(
            "backend-batch-limit", \.backendBatchLimit, .member,
            "Most operations between two commits of the backend; 0 for 10000."),
        .flag(
            "max-txn-ops", \.transactionOperationsMax, .member,
            "Most operations in one transaction."),
        .flag("max-request-bytes", \.requestBytesMax, .member, "Largest request in bytes."),
        .flag(
            "max-concurrent-streams", \.concurrentStreamsMax, .member,
            "Most streams that one client connection may have open."),
        .flag(
            "grpc-keepalive-min-time", \.keepaliveMinTime, .member,
            "Shortest interval at which a client may ping the server."),
        .flag(
            "grpc-keepalive-interval", \.keepaliveInterval, .member,
            "Interval at which the server pings an idle client, 0 for never."),
        .flag(
            "grpc-keepalive-timeout", \.keepaliveTimeout, .member,
            "Wait for a ping's answer before the connection is closed."),
        .flag(
            "socket-reuse-port", \.socketReusePort, .member, file: "socket-options.reuse-port",
            "Set SO_REUSEPORT on listening sockets."),
        .flag(
            "socket-reuse-address", \.socketReuseAddress, .member,
            file: "socket-options.reuse-address", "Set SO_REUSEADDR on listening sockets."),
        .flag("enable-grpc-gateway", \.enableGRPCGateway, .member, "Serve the JSON gateway."),
        .flag(
            "raft-read-timeout", \.raftReadTimeout, .member, file: "",
            "Read timeout of connections between members, at least 5s."),
        .flag(
            "raft-write-timeout", \.raftWriteTimeout, .member, file: "",
            "Write timeout of connections between members, at least 5s."),
        .flag(
            "feature-gates", \.featureGates, .member,
            "Features to switch on or off: Name=true,Other=false."),
    ]

    static let clustering: [FlagDefinition] = [
        .urls(
            "initial-advertise-peer-urls", \.initialAdvertisePeerURLs, .clustering,
            "Peer URLs that other members reach this one by."),
        .flag("initial-cluster", \.initialCluster, .clustering, "Members of a new cluster."),
        .flag(
            "initial-cluster-state", \.initialClusterState, .clustering,
            "'new' to bootstrap a cluster, 'existing' to join one."),
        .flag(
            "initial-cluster-token", \.initialClusterToken, .clustering,
            "Word that keeps the identities of different clusters apart."),
        .urls(
            "advertise-client-urls", \.advertiseClientURLs, .clustering,
            "Client URLs that clients learn this member by."),
        .flag(
            "discovery-token", \.discovery.token, .clustering, file: "discovery-config.token",
            "Token of the cluster at the discovery service."),
        .flag(
            "discovery-endpoints", \.discovery.endpoints, .clustering,
            file: "discovery-config.client.endpoints", "Endpoints of the discovery service."),
        .flag(
            "discovery-dial-timeout", \.discovery.dialTimeout, .clustering,
            file: "discovery-config.client.dial-timeout", "Timeout of connecting to it."),
        .flag(
            "discovery-request-timeout", \.discovery.requestTimeout, .clustering,
            file: "discovery-config.client.request-timeout", "Timeout of a request to it."),
        .flag(
            "discovery-keepalive-time", \.discovery.keepaliveTime, .clustering,
            file: "discovery-config.client.keepalive-time", "Interval of pings to it."),
        .flag(
            "discovery-keepalive-timeout", \.discovery.keepaliveTimeout, .clustering,
            file: "discovery-config.client.keepalive-timeout", "Wait for such a ping's answer."),
        .flag(
            "discovery-insecure-transport", \.discovery.insecureTransport, .clustering,
            file: "discovery-config.client.secure.insecure-transport", "Reach it without TLS."),
        .flag(
            "discovery-insecure-skip-tls-verify", \.discovery.insecureSkipVerify, .clustering,
            file: "discovery-config.client.secure.insecure-skip-tls-verify",
            "Do not check its certificate; for tests only."),
        .flag(
            "discovery-cert", \.discovery.certificateFile, .clustering,
            file: "discovery-config.client.secure.cert", "Certificate to show to it."),
        .flag(
            "discovery-key", \.discovery.keyFile, .clustering,
            file: "discovery-config.client.secure.key", "Key of that certificate."),
        .flag(
            "discovery-cacert", \.discovery.trustedCAFile, .clustering,
            file: "discovery-config.client.secure.cacert", "Authorities to check it against."),
        .flag(
            "discovery-user", \.discovery.user, .clustering,
            file: "discovery-config.client.auth.username", "User at it, name[:password]."),
        .flag(
            "discovery-password", \.discovery.password, .clustering,
            file: "discovery-config.client.auth.password", "Password of that user."),
        .flag(
            "discovery-fallback", \.discovery.fallback, .clustering, file: "",
            "What to do when discovery fails: exit."),
        .flag(
            "discovery-srv", \.discovery.dnsDomain, .clustering,
            "DNS domain whose SRV records list the members."),
        .flag(
            "discovery-srv-name", \.discovery.dnsServiceName, .clustering,
            "Suffix of the SRV service name."),
        .flag(
            "strict-reconfig-check", \.strictReconfigCheck, .clustering,
            "Refuse membership changes that would lose the quorum."),
        .flag("pre-vote", \.preVote, .clustering, "Ask before an election raises the term."),
        .flag(
            "auto-compaction-retention", \.autoCompactionRetention, .clustering,
            "How much history is kept; 0 keeps all. Hours, a duration, or revisions."),
        .flag(
            "auto-compaction-mode", \.autoCompactionMode, .clustering,
            "Meaning of the retention: periodic or revision."),
        .flag(
            "v2-deprecation", \.v2Deprecation, .clustering,
            "Stage of dropping the v2 store (deprecated, has no effect)."),
    ]
}
