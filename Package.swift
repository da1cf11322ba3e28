// swift-tools-version: 6.2
import PackageDescription

// The one table of modules. Folders under Sources are the layers, bottom first, targets the modules;
// the line above each target says what it is. A target imports only what its row lists: modules of
// its own or a lower layer, and libraries. `Scripts/modules.py` checks this, and writes the table
// of docs/ARCHITECTURE.md.
let layers = [
    "System", "API", "Consensus", "Storage", "State", "Member", "Network", "Client", "Services",
    "Server", "Verification", "Tools",
]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func module(_ layer: String, _ name: String, _ imports: [Target.Dependency] = []) -> Target {
    .target(
        name: name, dependencies: imports, path: "Sources/\(layer)/\(name)",
        swiftSettings: settings)
}

func program(_ layer: String, _ name: String, _ imports: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: imports, path: "Sources/\(layer)/\(name)",
        swiftSettings: settings)
}

func tests(
    _ name: String, _ imports: [Target.Dependency], exclude: [String] = []
) -> Target {
    .testTarget(
        name: name, dependencies: imports, path: "Tests/\(name)", exclude: exclude,
        swiftSettings: settings)
}

let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioConcurrency: Target.Dependency = .product(
    name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioTLSEvents: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let cryptoExtras: Target.Dependency = .product(name: "_CryptoExtras", package: "swift-crypto")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let asn1: Target.Dependency = .product(name: "SwiftASN1", package: "swift-asn1")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")
// Only with the trait of that name: other builds do not even fetch these packages.
let tracing: Target.Dependency = .product(
    name: "Tracing", package: "swift-distributed-tracing", condition: .when(traits: ["Tracing"]))
let lifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle",
    condition: .when(traits: ["ServiceLifecycle"]))

let modules: [Target] = [
    // HTTP/2 framing and HPACK: the system's libnghttp2.
    .systemLibrary(
        name: "CNGHTTP2", path: "Sources/System/CNGHTTP2", pkgConfig: "libnghttp2",
        providers: [.apt(["libnghttp2-dev"])]),
    // Compression: the system's zlib.
    .systemLibrary(
        name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib",
        providers: [.apt(["zlib1g-dev"])]),
    // bcrypt: the system's libcrypt.
    .systemLibrary(
        name: "CCrypt", path: "Sources/System/CCrypt", providers: [.apt(["libcrypt-dev"])]),
    // CRC-32C by the processor's instruction.
    .target(name: "CCRC32C", path: "Sources/System/CCRC32C"),
    // Futex system calls.
    .target(name: "CFutex", path: "Sources/System/CFutex"),
    // The processor's prefetch instruction.
    .target(name: "CPrefetch", path: "Sources/System/CPrefetch"),
    // Threads of the system, with a name and a priority.
    module("System", "NativeThread"),
    // Texts as Go's %q and JSON encoder write them.
    module("System", "GoText"),
    // Base64 with padding.
    module("System", "Base64"),
    // Points of a monotonic clock, and amounts of time.
    module("System", "MonotonicClock"),
    // The status codes of gRPC.
    module("System", "StatusCodes"),

    // Generated protobuf messages, and in-place codecs for the hot ones.
    module("API", "EtcdAPI", ["StatusCodes", protobuf]),
    // JSON from and to the wire form of messages, by a table of their fields.
    module("API", "ProtobufJSON", ["Base64", "GoText"]),
    // Types of terms, log indexes, members and clusters.
    module("API", "Identifiers"),

    // Raft as a deterministic state machine: messages and ticks in, effects out.
    module("Consensus", "Raft", ["Identifiers"]),

    // The file-system abstraction: the only module with file system calls, and a simulated disk.
    module("Storage", "Disk"),
    // etcd's write-ahead log and .snap files: append, replay, cut, repair.
    module("Storage", "WriteAheadLog", ["Disk", "EtcdAPI", "Identifiers", "CCRC32C"]),
    // The bbolt file: a copy-on-write B+tree of pages, one writer, many snapshot readers.
    module("Storage", "Bolt", ["MonotonicClock", "Disk", "CPrefetch"]),

    // Keys, revisions, compaction, and the watchers of them.
    module("State", "MVCC", ["EtcdAPI", "Identifiers", "Bolt", "CCRC32C"]),
    // Leases, with an injected clock.
    module("State", "Lease", ["EtcdAPI", "Identifiers", "MonotonicClock", "Bolt", protobuf]),
    // Users, roles and their permissions, and what each RPC needs.
    module("State", "Auth", ["Base64", "EtcdAPI", "Bolt", protobuf]),
    // Members, their attributes, and the cluster version.
    module(
        "State", "Membership",
        ["GoText", "EtcdAPI", "Identifiers", "MonotonicClock", "Bolt", crypto]),
    // Applies committed entries deterministically; the only writer of all State.
    module(
        "State", "StateMachine",
        [
            "EtcdAPI", "Identifiers", "MonotonicClock", "Bolt", "MVCC", "Lease", "Auth",
            "Membership", protobuf,
        ]),

    // Raft with its log and its reads as one value; persist-before-send is decided here.
    module(
        "Member", "Replica",
        ["EtcdAPI", "Identifiers", "MonotonicClock", "Raft", "StateMachine"]),
    // Checks the database of a received snapshot; makes a member of a new cluster from a snapshot.
    module(
        "Member", "SnapshotRestore",
        [
            "Auth", "Bolt", "Disk", "EtcdAPI", "Identifiers", "MVCC", "Membership", "StateMachine",
            "WriteAheadLog",
        ]),
    // The four stages of a member as values, lease renewal, admission, published status.
    module(
        "Member", "Stages",
        [
            "EtcdAPI", "Identifiers", "MonotonicClock", "Raft", "Disk", "Bolt", "MVCC", "Lease",
            "Auth", "Membership", "WriteAheadLog", "Replica", "StateMachine", deque,
        ]),
    // The threads and queues that run the stages in a server.
    module(
        "Member", "MemberRuntime",
        [
            "EtcdAPI", "Identifiers", "MonotonicClock", "Raft", "Bolt", "MVCC", "Membership",
            "WriteAheadLog", "Replica", "Stages", "StateMachine", "Auth", "CFutex", "NativeThread",
        ]),

    // The gzip format: compression, and inflation with a limit.
    module("Network", "Gzip", ["CZlib"]),
    // HTTP/2 server and client on SwiftNIO through libnghttp2.
    module("Network", "HTTP2", ["CNGHTTP2", "MonotonicClock", nio]),
    // gRPC server and client: framing, deadlines, metadata, status, flow control, keepalive.
    module(
        "Network", "GRPC",
        [
            "ConnectionIdentity", "GoText", "Gzip", "HTTP2", "MonotonicClock", "StatusCodes", "TLS",
            nio, nioPosix,
        ]),
    // etcd's peer protocol: streams, pipeline, snapshots, probes.
    module(
        "Network", "PeerTransport",
        [
            "ConnectionIdentity", "EtcdAPI", "Identifiers", "MonotonicClock", "Raft", "TLS", nio,
            nioPosix, nioHTTP1,
        ]),
    // The way of a connection from its acceptance to its first request, for all listeners.
    module("Network", "Listening", ["ConnectionIdentity", "TLS", nio, nioPosix, nioTLSEvents]),
    // SRV records from the name servers of resolv.conf.
    module("Network", "DNS", ["MonotonicClock"]),
    // Who is on the other side of a connection.
    module("Network", "ConnectionIdentity", [nio]),
    // Certificates, keys, authorities and revocation lists: loading, checking, reading again.
    module(
        "Network", "TLS",
        [
            "Base64", "ConnectionIdentity", "GoText", nio, nioPosix, nioTLSEvents, nioTLS, crypto,
            cryptoExtras,
        ]),

    // The Swift client library.
    module(
        "Client", "EtcdClient",
        [
            "DNS", "EtcdAPI", "GRPC", "Identifiers", "MonotonicClock", "StatusCodes", "TLS", nio,
            nioPosix, protobuf, logging, metrics, tracing, lifecycle,
        ]),

    // Tokens and passwords: who a call belongs to, for users.
    module(
        "Services", "Credentials",
        [
            "Auth", "Base64", "CCrypt", "EtcdAPI", "GoText", "Identifiers", "MonotonicClock",
            "NativeThread", "TLS", crypto, cryptoExtras,
        ]),
    // Spans in the data model of OpenTelemetry: trace contexts, sampling, export over OTLP.
    module(
        "Services", "OpenTelemetry", ["GRPC", "MonotonicClock", "StatusCodes", nio, metrics]),
    // The gRPC services: KV, Watch, Lease, Cluster, Maintenance, Lock, Election, Auth, Health.
    module(
        "Services", "GRPCServices",
        [
            "GRPC", "HTTP2", "EtcdAPI", "Identifiers", "MonotonicClock", "MemberRuntime", "Stages",
            "Auth", "Base64", "ConnectionIdentity", "Credentials",
            "StateMachine", "StatusCodes", "MVCC", "Lease", "Membership", "OpenTelemetry", "Raft",
            "Bolt", nio, nioPosix, nioConcurrency, metrics, crypto, protobuf,
        ]),
    // The metrics registry and its Prometheus text.
    module("Services", "Prometheus", ["MonotonicClock", metrics]),
    // The HTTP services: health, version, metrics, debug pages, the JSON gateway, over HTTP/1.1 and
    // HTTP/2.
    module(
        "Services", "HTTPServices",
        [
            "ConnectionIdentity", "EtcdAPI", "GoText", "GRPC", "HTTP2", "Identifiers",
            "MemberRuntime",
            "MonotonicClock", "Prometheus", "ProtobufJSON", "Stages", "StatusCodes", "StateMachine",
            "Membership",
            "Raft", "Gzip", "Base64",
            nio, nioHTTP1, nioPosix, crypto,
        ]),

    // Structured log lines in etcd's format, and their outputs.
    module("Server", "ServerLogging", ["GoText", "Gzip", "NativeThread", nioPosix, logging]),
    // Flags, environment and configuration file.
    module("Server", "Configuration", ["GoText", "ServerLogging"]),
    // The initial members of a cluster: their identities, and the check of what one advertises.
    module(
        "Server", "InitialMembers",
        ["Configuration", "GoText", "Identifiers", "Membership", "ServerLogging", nioPosix]),
    // Passes TCP connections on to the members of a cluster: `etcd gateway`.
    module("Server", "TCPProxy", ["DNS", "Listening", "ServerLogging", "TLS", nio, nioPosix]),
    // Observers of the member and the services: log lines and metrics.
    module(
        "Server", "Telemetry",
        [
            "Auth", "Bolt", "Credentials",
            "EtcdAPI", "Identifiers", "GRPC", "GRPCServices", "Prometheus", "HTTPServices",
            "MVCC",
            "MemberRuntime", "Membership", "MonotonicClock", "PeerTransport", "Raft",
            "ServerLogging", "Stages", "StateMachine", "WriteAheadLog", nio, metrics,
        ]),
    // From a configuration and a data directory to a member that can start.
    module(
        "Server", "Bootstrap",
        [
            "Auth", "GoText",
            "Bolt", "Configuration", "DNS", "Disk", "EtcdAPI", "Identifiers", "MonotonicClock",
            "EtcdClient", "GRPCServices", "InitialMembers", "MVCC", "MemberRuntime", "Membership",
            "PeerTransport", "Raft", "Replica", "ServerLogging", "SnapshotRestore", "StateMachine",
            "Telemetry",
            "WriteAheadLog", nio, nioPosix,
        ]),
    // The server: puts everything together, starts, monitors and stops it.
    module(
        "Server", "EtcdServer",
        [
            "Credentials", "GoText", "Lease", "NativeThread",
            "Bolt", "Bootstrap", "Configuration", "Disk", "EtcdAPI",
            "Identifiers", "MonotonicClock", "GRPC", "GRPCServices", "InitialMembers", "Listening",
            "TLS", "HTTP2", "HTTPServices", "MVCC", "MemberRuntime", "Membership", "OpenTelemetry",
            "PeerTransport", "Prometheus", "Raft", "ServerLogging", "SnapshotRestore", "Stages",
            "StateMachine",
            "Telemetry", "WriteAheadLog", nio, nioPosix, nioHTTP1, metrics, protobuf,
        ]),
    // The gRPC proxy: serves etcd's API from the members behind it.
    module(
        "Server", "GRPCProxy",
        [
            "ConnectionIdentity", "Disk", "EtcdAPI", "EtcdClient", "GRPC", "GoText", "HTTP2",
            "HTTPServices", "Listening", "MonotonicClock", "PeerTransport", "Prometheus",
            "ProtobufJSON", "ServerLogging", "StatusCodes", "TLS", "Telemetry", nio, nioPosix,
            protobuf,
        ]),

    // Checks histories of concurrent operations for linearizability.
    module("Verification", "Linearizability", ["Identifiers"]),
    // Checks watch events, reads, hashes and leases against the log of the cluster.
    module(
        "Verification", "Checkers", ["Auth", "Identifiers", "Linearizability", "MonotonicClock"]),
    // A cluster on one thread and virtual time, under faults and clients.
    module(
        "Verification", "Simulator",
        [
            "Auth", "Replica", "Stages", "StateMachine", "Linearizability", "Checkers", "Bolt",
            "Disk",
            "EtcdAPI", "Identifiers", "MonotonicClock", "Lease", "MVCC", "Membership",
            "PeerTransport", "Raft", "SnapshotRestore", "WriteAheadLog", protobuf,
        ]),
    // An etcd in the process of a test, with its files in memory.
    module(
        "Verification", "EtcdClientTesting",
        [
            "Bootstrap", "Configuration", "Credentials", "Disk", "EtcdAPI", "EtcdClient",
            "EtcdServer", "GRPC", "Listening", "MemberRuntime", "Membership", "MonotonicClock",
            "PeerTransport", "ServerLogging", nio, nioPosix, protobuf, logging,
        ]),
    // One function for each parser, for fuzzers and for the regression corpus.
    module(
        "Verification", "FuzzTargets",
        [
            "Auth", "Bolt", "Configuration", "ConnectionIdentity", "Credentials", "DNS", "Disk",
            "EtcdAPI", "EtcdClient", "Identifiers", "MonotonicClock",
            "EtcdServer", "GRPC", "GRPCProxy", "Gzip", "HTTP2", "HTTPServices", "ProtobufJSON",
            "ServerLogging",
            "MVCC",
            "Membership", "OpenTelemetry",
            "PeerTransport", "Raft", "StateMachine", "TLS", "WriteAheadLog", nio, nioEmbedded,
            nioPosix,
        ]),

    // The server's command line.
    program(
        "Tools", "etcd",
        [
            "CommandParsing", "Configuration", "EtcdServer", "GRPCProxy", "GoText", "Listening",
            "ServerLogging", "TCPProxy", nio, nioPosix,
        ]),
    // Command lines as cobra and pflag parse them, the libraries of etcd's tools.
    module("Tools", "CommandParsing", ["GoText"]),
    // Responses in the formats of etcd's tools: simple, json, fields, table, protobuf.
    module("Tools", "ResponseFormatting", ["Base64", "EtcdAPI", "GoText", protobuf]),
    // The standard streams of a tool, and progress of long work on a terminal.
    module("Tools", "StandardStreams", ["CommandParsing", "ResponseFormatting"]),
    // The client's command line.
    program(
        "Tools", "etcdctl",
        [
            "CommandParsing", "EtcdAPI", "EtcdClient", "ResponseFormatting", "StandardStreams",
            "StatusCodes",
            nioPosix, protobuf,
        ]),
    // The offline tool: snapshots, defragmentation, migration and checks of the files of stopped
    // members.
    program(
        "Tools", "etcdutl",
        [
            "Bolt", "CCRC32C", "CommandParsing", "Configuration", "Disk", "EtcdAPI", "GoText",
            "Identifiers", "InitialMembers", "MVCC", "Membership", "ResponseFormatting",
            "ServerLogging", "SnapshotRestore", "StandardStreams", "StateMachine", "WriteAheadLog",
            crypto, protobuf,
        ]),
    // Runs the simulator.
    program("Tools", "simulate", ["MonotonicClock", "Simulator", arguments]),
    // Checks a recorded history of calls to a cluster.
    program("Tools", "linearizable", ["Identifiers", "Linearizability"]),
    // Uses a cluster through the client library while faults are injected.
    program("Tools", "clientworkload", ["EtcdClient", nioPosix]),
    // Generates load and measures latencies.
    program(
        "Tools", "loadgenerator",
        ["EtcdAPI", "EtcdClient", "GRPC", "HTTP2", "MonotonicClock", "TLS", nio, nioPosix]),
]

let testTargets: [Target] = [
    // What several test targets share: temporary directories, child processes, certificates.
    .target(
        name: "TestSupport", dependencies: ["MonotonicClock", x509, asn1, crypto],
        path: "Tests/TestSupport", swiftSettings: settings),
    tests("MonotonicClockTests", ["MonotonicClock"]),
    tests("EtcdAPITests", ["Disk", "EtcdAPI", "StatusCodes", protobuf]),
    tests("ProtobufJSONTests", ["EtcdAPI", "ProtobufJSON", protobuf]),
    tests("RaftTests", ["Identifiers", "Raft"], exclude: ["Scenarios"]),
    tests("DiskTests", ["Disk", "TestSupport"]),
    tests(
        "WriteAheadLogTests",
        ["CCRC32C", "Disk", "EtcdAPI", "Identifiers", "TestSupport", "WriteAheadLog"]),
    tests("BoltTests", ["Bolt", "Disk", "TestSupport"]),
    tests(
        "MVCCTests", ["Bolt", "Disk", "EtcdAPI", "Identifiers", "MVCC", "TestSupport", protobuf]),
    tests(
        "LeaseTests",
        ["Bolt", "Disk", "EtcdAPI", "Lease", "MonotonicClock", "TestSupport", protobuf]),
    tests(
        "AuthTests", ["Auth", "Base64", "Bolt", "Disk", "EtcdAPI", protobuf], exclude: ["Recorded"]),
    tests(
        "MembershipTests",
        ["Bolt", "Disk", "EtcdAPI", "Identifiers", "Membership", "MonotonicClock"]),
    tests(
        "StateMachineTests",
        [
            "Auth", "Bolt", "Disk", "EtcdAPI", "Identifiers", "Lease", "MVCC", "Membership",
            "MonotonicClock", "StateMachine", protobuf,
        ]),
    tests(
        "ReplicaTests",
        [
            "EtcdAPI", "Identifiers", "MonotonicClock", "Raft", "Replica", "StateMachine",
            "TestSupport",
        ]),
    tests(
        "StagesTests",
        [
            "Auth", "Bolt", "Disk", "EtcdAPI", "Identifiers", "Lease", "MVCC", "Membership",
            "MonotonicClock", "Raft", "Replica", "Stages", "StateMachine", "TestSupport",
            "WriteAheadLog", protobuf,
        ]),
    tests("MemberRuntimeTests", ["MemberRuntime", "MonotonicClock"]),
    tests(
        "CredentialsTests",
        ["Auth", "Base64", "Credentials", "EtcdAPI", "Identifiers", "MonotonicClock"]),
    tests("GRPCServicesTests", ["Bolt", "Disk", "EtcdAPI", "GRPCServices", "Identifiers", "MVCC"]),
    tests(
        "BootstrapTests",
        [
            "Auth", "Bolt", "Bootstrap", "Configuration", "DNS", "Disk", "EtcdAPI", "EtcdServer",
            "Identifiers", "InitialMembers", "Membership", "Raft", "Replica", "ServerLogging",
            "StateMachine", "TestSupport", "WriteAheadLog",
        ]),
    tests(
        "ClusterTests",
        [
            "Auth", "Bolt", "Bootstrap", "Configuration", "Credentials", "Disk", "EtcdAPI",
            "EtcdServer", "GRPCServices", "HTTPServices", "Identifiers", "Lease", "Listening",
            "MemberRuntime", "Membership",
            "PeerTransport", "Prometheus", "Raft", "ServerLogging", "Stages", "StateMachine", "TLS",
            "TestSupport", nio, nioHTTP1, nioPosix, protobuf,
        ]),
    tests("DNSTests", ["DNS", "EtcdClient", "EtcdClientTesting", "MonotonicClock"]),
    tests(
        "TLSTests",
        [
            "Base64", "GoText",
            "ConnectionIdentity", "TLS", "TestSupport", nio, nioPosix, nioTLSEvents, x509, asn1,
            crypto, cryptoExtras,
        ]),
    tests(
        "ListeningTests",
        ["ConnectionIdentity", "Listening", "TLS", "TestSupport", nio, nioPosix]),
    tests("GzipTests", ["Gzip"]),
    tests(
        "HTTP2Tests",
        ["CNGHTTP2", "GRPC", "HTTP2", "Listening", "MonotonicClock", nio, nioPosix]),
    tests(
        "GRPCTests",
        [
            "ConnectionIdentity", "GRPC", "HTTP2", "Listening", "MonotonicClock", "TestSupport",
            nio,
            nioPosix,
        ],
        exclude: ["grpcio_client.py"]),
    tests("GRPCProxyTests", ["EtcdAPI", "GRPCProxy"]),
    tests(
        "ConfigurationTests",
        ["Configuration", "EtcdServer", "ServerLogging", "TestSupport", "etcd", nio, logging]),
    tests("TCPProxyTests", ["TCPProxy"]),
    tests("OpenTelemetryTests", ["OpenTelemetry"]),
    tests("PrometheusTests", ["HTTPServices", "MonotonicClock", "Prometheus", metrics]),
    tests(
        "HTTPServicesTests",
        [
            "Base64", "ConnectionIdentity", "Credentials", "EtcdAPI", "EtcdServer", "GRPC", "Gzip",
            "HTTP2",
            "HTTPServices", "Identifiers", "MemberRuntime", "Prometheus", "Raft", "ServerLogging",
            "StateMachine", "StatusCodes",
            "Telemetry", nio, nioHTTP1, nioPosix, protobuf,
        ]),
    tests(
        "SnapshotRestoreTests",
        [
            "Bolt", "Disk", "EtcdAPI", "Identifiers", "MVCC", "Membership", "SnapshotRestore",
            "StateMachine", "WriteAheadLog",
        ]),
    tests(
        "EtcdClientTests",
        [
            "EtcdAPI", "EtcdClient", "EtcdClientTesting", "TestSupport", logging, metrics,
        ]),
    tests("SimulatorTests", ["MonotonicClock", "Simulator"]),
    tests("LinearizabilityTests", ["Disk", "Identifiers", "Linearizability"]),
    tests("CheckersTests", ["Checkers", "Identifiers", "Linearizability", "MonotonicClock"]),
    tests(
        "PeerTransportTests",
        [
            "EtcdAPI", "Identifiers", "Listening", "MonotonicClock", "PeerTransport", "Raft", "TLS",
            "TestSupport", nio, nioHTTP1, nioPosix,
        ]),
    tests(
        "ToolsTests",
        [
            "Bolt", "CommandParsing", "Disk", "EtcdAPI", "Identifiers", "MVCC", "Membership",
            "MonotonicClock", "ResponseFormatting", "ServerLogging", "StandardStreams",
            "StateMachine", "TestSupport", "WriteAheadLog", "etcdutl", "etcdctl", "loadgenerator",
        ]),
    tests("FuzzTests", ["Disk", "FuzzTargets"], exclude: ["Regressions"]),
]

var targets = modules + testTargets

// Fuzzing needs libFuzzer's main: only `Scripts/fuzz.sh` asks for it.
if Context.environment["FUZZ"] != nil {
    targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Sources/Verification/Fuzz",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
}

let package = Package(
    name: "swift-etcd",
    products: [
        .library(name: "EtcdClient", targets: ["EtcdClient"]),
        .library(name: "EtcdClientTesting", targets: ["EtcdClientTesting"]),
        .executable(name: "etcd", targets: ["etcd"]),
        .executable(name: "etcdctl", targets: ["etcdctl"]),
        .executable(name: "etcdutl", targets: ["etcdutl"]),
    ],
    traits: [
        .trait(name: "Tracing", description: "EtcdClient makes spans (swift-distributed-tracing)."),
        .trait(
            name: "ServiceLifecycle",
            description: "EtcdClient is a Service (swift-service-lifecycle)."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Its default traits import the whole of Foundation, with 34 MB of tables for texts.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: targets
)
