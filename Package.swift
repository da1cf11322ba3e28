// swift-tools-version: 6.2
import PackageDescription

// Folders are the layers, targets are the rooms. Each row lists the whole of what a target may
// import; `Scripts/check-imports.py` holds the sources against it (docs/ARCHITECTURE.md).

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func room(
    _ folder: String, _ name: String, _ imports: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .target(
        name: name, dependencies: imports, path: "Sources/\(folder)/\(name)", exclude: exclude,
        swiftSettings: settings)
}

func tool(_ folder: String, _ name: String, _ imports: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name, dependencies: imports, path: "Sources/\(folder)/\(name)",
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
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

var targets: [Target] = [
    .systemLibrary(
        name: "CNGHTTP2", path: "Sources/CNGHTTP2", pkgConfig: "libnghttp2",
        providers: [.apt(["libnghttp2-dev"])]),
    .systemLibrary(
        name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CCRC32C", path: "Sources/CCRC32C"),
    .target(name: "CFutex", path: "Sources/CFutex"),
    .target(name: "CPrefetch", path: "Sources/CPrefetch"),

    room("API", "EtcdAPI", [protobuf]),
    room("Consensus", "Raft"),
    room("Storage", "Disk"),
    room("Storage", "WriteAheadLog", ["Disk", "EtcdAPI", "CCRC32C"]),
    room("Storage", "Bolt", ["Disk", "CPrefetch"]),
    room("State", "MVCC", ["EtcdAPI", "Bolt", "CCRC32C"]),
    room("State", "Lease", ["EtcdAPI", "Bolt"]),
    room("State", "Auth", ["EtcdAPI", "Bolt"]),
    room("State", "Membership", ["EtcdAPI", "Bolt", crypto]),
    room("State", "StateMachine", ["EtcdAPI", "Bolt", "MVCC", "Lease", "Auth", "Membership"]),
    room("Server", "Replica", ["EtcdAPI", "Raft", "StateMachine", "WriteAheadLog"]),
    room(
        "Server", "SnapshotRestore",
        ["Bolt", "Disk", "EtcdAPI", "MVCC", "Membership", "StateMachine", "WriteAheadLog"]),
    room(
        "Server", "Stages",
        [
            "EtcdAPI", "Raft", "Disk", "Bolt", "MVCC", "Lease", "Membership", "WriteAheadLog",
            "Replica", "StateMachine", deque,
        ]),
    room(
        "Server", "ReplicaRuntime",
        [
            "EtcdAPI", "Raft", "Bolt", "MVCC", "Membership", "WriteAheadLog", "Replica", "Stages",
            "StateMachine", "CFutex",
        ]),
    room("Wire", "Gzip", ["CZlib"]),
    room("Wire", "HTTP2", ["CNGHTTP2", nio]),
    room("Wire", "GRPC", ["HTTP2", "Gzip", nio, nioPosix]),
    room(
        "Wire", "ClientAPI",
        [
            "GRPC", "HTTP2", "EtcdAPI", "ReplicaRuntime", "Stages", "StateMachine", "MVCC", "Lease",
            "Membership", "Raft", "Bolt", nio, nioPosix, metrics, crypto, protobuf,
        ]),
    room(
        "Wire", "Gateway",
        [
            "ClientAPI", "EtcdAPI", "ReplicaRuntime", "Stages", "StateMachine", "Membership",
            "Raft",
            "GRPC", "Gzip", nio, nioHTTP1, metrics,
        ]),
    room(
        "Server", "EtcdServer",
        [
            "EtcdAPI", "Raft", "Disk", "WriteAheadLog", "Bolt", "MVCC", "Lease", "Auth",
            "Membership", "StateMachine", "Replica", "Stages", "ReplicaRuntime", "HTTP2", "GRPC",
            "Gzip", "ClientAPI", "Gateway", "PeerTransport", "DNS", "EtcdClient", "SnapshotRestore",
            nio, nioPosix, nioHTTP1, logging, metrics, protobuf,
        ]),
    room("Wire", "PeerTransport", ["EtcdAPI", "Raft", nio, nioPosix, nioHTTP1]),
    room("Wire", "DNS"),
    room("Client", "EtcdClient", ["GRPC", "EtcdAPI", nio, nioPosix, protobuf]),
    room("Verification", "Linearizability"),
    room("Verification", "Judges", ["Linearizability"]),
    room(
        "Verification", "Simulator",
        [
            "Replica", "Stages", "StateMachine", "Linearizability", "Judges", "Bolt", "Disk",
            "EtcdAPI", "Lease", "MVCC", "Membership", "PeerTransport", "Raft", "SnapshotRestore",
            "WriteAheadLog", protobuf,
        ]),
    room(
        "Verification", "FuzzTargets",
        [
            "Bolt", "DNS", "Disk", "EtcdAPI", "EtcdServer", "GRPC", "Gzip", "HTTP2", "MVCC",
            "Membership", "PeerTransport", "Raft", "StateMachine", "WriteAheadLog", nio,
            nioEmbedded, nioPosix,
        ]),
    tool("Tools", "etcd", ["EtcdServer"]),
    tool(
        "Tools", "etcdutl",
        ["Bolt", "Disk", "EtcdAPI", "MVCC", "WriteAheadLog", "CCRC32C", arguments]),
    tool("Tools", "etcdctl", ["EtcdClient"]),
    tool("Tools", "simulate", ["Simulator", arguments]),
    tool("Tools", "linearizable", ["Linearizability"]),
    tool("Tools", "loadgenerator", ["GRPC", "HTTP2", "EtcdAPI", nio, nioPosix]),

    tests("EtcdAPITests", ["EtcdAPI", protobuf]),
    tests("RaftTests", ["Raft"], exclude: ["Scenarios"]),
    tests("DiskTests", ["Disk"]),
    tests("WriteAheadLogTests", ["WriteAheadLog", "Disk", "EtcdAPI", "CCRC32C"]),
    tests("BoltTests", ["Bolt", "Disk"]),
    tests("MVCCTests", ["MVCC", "Bolt", "Disk", "EtcdAPI", protobuf]),
    tests("LeaseTests", ["Lease", "Bolt", "Disk", "EtcdAPI", protobuf]),
    tests("MembershipTests", ["Membership", "Bolt", "Disk", "EtcdAPI"]),
    tests(
        "StateMachineTests",
        ["StateMachine", "MVCC", "Lease", "Membership", "Bolt", "Disk", "EtcdAPI", protobuf]),
    tests("ReplicaTests", ["Replica", "Raft", "StateMachine", "EtcdAPI"]),
    tests(
        "StagesTests",
        [
            "Stages", "Replica", "Raft", "StateMachine", "MVCC", "Membership", "Bolt", "Disk",
            "WriteAheadLog", "EtcdAPI", "Lease",
        ]),
    tests("ReplicaRuntimeTests", ["ReplicaRuntime"]),
    tests("ClientAPITests", ["ClientAPI", "MVCC", "Bolt", "Disk", "EtcdAPI"]),
    tests(
        "BootstrapTests",
        [
            "EtcdServer", "ReplicaRuntime", "Replica", "WriteAheadLog", "Bolt", "Disk", "MVCC",
            "StateMachine", "Membership", "EtcdAPI", "Raft", "DNS",
        ]),
    tests(
        "ClusterTests",
        [
            "EtcdServer", "ClientAPI", "Gateway", "PeerTransport", "ReplicaRuntime", "Stages",
            "Bolt",
            "StateMachine", "Membership", "Raft", "Disk", "EtcdAPI", nio, nioPosix, nioHTTP1,
            protobuf,
        ]),
    tests("DNSTests", ["DNS"]),
    tests("GzipTests", ["Gzip"]),
    tests("HTTP2Tests", ["HTTP2", "GRPC", "CNGHTTP2", nio, nioPosix]),
    tests("GRPCTests", ["GRPC", "HTTP2", "Gzip", nio, nioPosix], exclude: ["grpcio_client.py"]),
    tests("ConfigurationTests", ["EtcdServer", "etcd", logging]),
    tests("MetricsTests", ["Gateway", metrics]),
    tests(
        "GatewayTests",
        [
            "Gateway", "EtcdServer", "EtcdAPI", "Raft", "ReplicaRuntime", "StateMachine", nio,
            nioPosix, nioHTTP1,
        ]),
    tests(
        "SnapshotRestoreTests",
        [
            "SnapshotRestore", "Bolt", "Disk", "EtcdAPI", "MVCC", "Membership", "StateMachine",
            "WriteAheadLog",
        ]),
    tests("EtcdClientTests", ["EtcdClient"]),
    tests("SimulatorTests", ["Simulator"]),
    tests("LinearizabilityTests", ["Linearizability"]),
    tests("JudgesTests", ["Judges", "Linearizability"]),
    tests("PeerTransportTests", ["PeerTransport", "EtcdAPI", "Raft", nio, nioPosix, nioHTTP1]),
    tests(
        "ToolsTests",
        [
            "etcdutl", "etcdctl", "loadgenerator", "Bolt", "Disk", "EtcdAPI", "MVCC",
            "WriteAheadLog",
        ]),
    tests("FuzzTests", ["FuzzTargets", "Disk"], exclude: ["Regressions"]),
]

// Fuzzing needs libFuzzer's main: only `Scripts/fuzz.sh` asks for it.
if Context.environment["FUZZ"] != nil {
    targets.append(
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Sources/Verification/Fuzz",
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
}

let package = Package(
    name: "swift-etcd",
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        // Its default traits import the whole of Foundation, with 34 MB of tables for texts.
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: targets
)
