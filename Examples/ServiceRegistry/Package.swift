// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "ServiceRegistry",
    dependencies: [
        .package(name: "swift-etcd", path: "../..", traits: ["ServiceLifecycle", "Tracing"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
    ],
    targets: [
        .executableTarget(
            name: "ServiceRegistry",
            dependencies: [
                .product(name: "EtcdClient", package: "swift-etcd"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ])
    ])
