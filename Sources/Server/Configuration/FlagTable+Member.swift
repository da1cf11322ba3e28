extension FlagTable {
    static let member: [FlagDefinition] = [
        .flag("name", \.name, .member, "Name by which operators recognize this member."),
        .flag("data-dir", \.dataDirectory, .member, "Directory that holds this member's data."),
        .flag("wal-dir", \.walDirectory, .member, "Separate directory for the write-ahead log."),
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
            "Database size at which writes stop; 0 for 2 GiB, below 0 for no limit."),
        .flag(
            "quota-backend-rule", \.quotaBackendRule, .member,
            "in-use: pages in use count, NOSPACE ends by itself; etcd: file size, disarmed only."),
        .flag(
            "backend-bbolt-freelist-type", \.backendFreelistType, .member,
            "Kind of free page list of the database file: map or array."),
        .flag(
            "backend-batch-interval", \.backendBatchInterval, .member,
            "Longest time between two commits of the database; 0 for 100ms."),
        .flag(
            "backend-batch-limit", \.backendBatchMax, .member,
            "Most operations between two commits of the database; 0 for 10000."),
        .flag(
            "max-txn-ops", \.transactionOperationsMax, .member,
            "Most operations in one transaction."),
        .flag("max-request-bytes", \.requestBytesMax, .member, "Largest request in bytes."),
        .flag(
            "max-concurrent-streams", \.concurrentStreamsMax, .member,
            "Most streams that one client connection may have open."),
        .flag(
            "grpc-keepalive-min-time", \.keepaliveTimeMin, .member,
            "Shortest interval at which a client may ping the server."),
        .flag(
            "grpc-keepalive-interval", \.keepaliveInterval, .member,
            "Interval at which the server pings an idle client, 0 for never."),
        .flag(
            "grpc-keepalive-timeout", \.keepaliveTimeout, .member,
            "How long a client may take to respond to a ping before it is disconnected."),
        .flag(
            "socket-reuse-port", \.socketReusePort, .member, file: "socket-options.reuse-port",
            "Set SO_REUSEPORT on listening sockets."),
        .flag(
            "socket-reuse-address", \.socketReuseAddress, .member,
            file: "socket-options.reuse-address", "Set SO_REUSEADDR on listening sockets."),
        .flag(
            "enable-grpc-gateway", \.enableGRPCGateway, .member,
            "Serve the JSON gateway of the gRPC API."),
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
            "Peer URLs by which other members reach this one."),
        .flag(
            "initial-cluster", \.initialCluster, .clustering,
            "Members of the cluster to bootstrap or to join: name=URL,name=URL."),
        .flag(
            "initial-cluster-state", \.initialClusterState, .clustering,
            "'new' to bootstrap a cluster, 'existing' to join one."),
        .flag(
            "initial-cluster-token", \.initialClusterToken, .clustering,
            "Token that makes the IDs of this cluster unique."),
        .urls(
            "advertise-client-urls", \.advertiseClientURLs, .clustering,
            "URLs by which clients reach this member."),
        .flag(
            "discovery-token", \.discovery.token, .clustering, file: "discovery-config.token",
            "Token of the cluster at the discovery service."),
        .flag(
            "discovery-endpoints", \.discovery.endpoints, .clustering,
            file: "discovery-config.client.endpoints", "Endpoints of the discovery service."),
        .flag(
            "discovery-dial-timeout", \.discovery.dialTimeout, .clustering,
            file: "discovery-config.client.dial-timeout",
            "Timeout of connecting to the discovery service."),
        .flag(
            "discovery-request-timeout", \.discovery.requestTimeout, .clustering,
            file: "discovery-config.client.request-timeout",
            "Timeout of a request to the discovery service."),
        .flag(
            "discovery-keepalive-time", \.discovery.keepaliveTime, .clustering,
            file: "discovery-config.client.keepalive-time",
            "Interval of pings to the discovery service."),
        .flag(
            "discovery-keepalive-timeout", \.discovery.keepaliveTimeout, .clustering,
            file: "discovery-config.client.keepalive-timeout",
            "How long the discovery service may take to respond to a ping."),
        .flag(
            "discovery-insecure-transport", \.discovery.insecureTransport, .clustering,
            file: "discovery-config.client.secure.insecure-transport",
            "Reach the discovery service without TLS."),
        .flag(
            "discovery-insecure-skip-tls-verify", \.discovery.insecureSkipVerify, .clustering,
            file: "discovery-config.client.secure.insecure-skip-tls-verify",
            "Do not check the certificate of the discovery service; for tests only."),
        .flag(
            "discovery-cert", \.discovery.certificateFile, .clustering,
            file: "discovery-config.client.secure.cert",
            "Certificate to show to the discovery service."),
        .flag(
            "discovery-key", \.discovery.keyFile, .clustering,
            file: "discovery-config.client.secure.key",
            "Key of the certificate in --discovery-cert."),
        .flag(
            "discovery-cacert", \.discovery.trustedCAFile, .clustering,
            file: "discovery-config.client.secure.cacert",
            "Authorities to check the discovery service against."),
        .flag(
            "discovery-user", \.discovery.user, .clustering,
            file: "discovery-config.client.auth.username",
            "User at the discovery service: name or name:password."),
        .flag(
            "discovery-password", \.discovery.password, .clustering,
            file: "discovery-config.client.auth.password",
            "Password of the user at the discovery service."),
        .flag(
            "discovery-fallback", \.discovery.fallback, .clustering, file: "",
            "What to do when discovery fails: exit."),
        .flag(
            "discovery-srv", \.discovery.dnsDomain, .clustering,
            "DNS domain whose SRV records list the members."),
        .flag(
            "discovery-srv-name", \.discovery.dnsServiceName, .clustering,
            "Suffix of the service name in the SRV records of --discovery-srv."),
        .flag(
            "strict-reconfig-check", \.strictReconfigCheck, .clustering,
            "Refuse membership changes that would lose the quorum."),
        .flag(
            "pre-vote", \.preVote, .clustering,
            "Ask for votes before an election raises the term."),
        .flag(
            "auto-compaction-retention", \.autoCompactionRetention, .clustering,
            "History that compactions keep: hours, a duration or revisions; 0 for all."),
        .flag(
            "auto-compaction-mode", \.autoCompactionMode, .clustering,
            "What --auto-compaction-retention counts: periodic for time, or revision."),
        .flag(
            "v2-deprecation", \.v2Deprecation, .clustering,
            "Stage of dropping the v2 store (deprecated, has no effect)."),
    ]
}
