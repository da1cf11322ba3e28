// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "ElectedWorker",
    dependencies: [
        .package(name: "swift-etcd", path: "../..", traits: ["ServiceLifecycle"]),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "ElectedWorker",
            dependencies: [
                .product(name: "EtcdClient", package: "swift-etcd"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ])
    ])
