package import Credentials
package import GRPC
package import HTTP2
package import MemberRuntime

/// All of etcd's gRPC services of one member.
package struct ServiceTable: Sendable {
    package let context: ServiceContext

    /// - Parameters:
    ///   - tokens: notified by the runtime's observer of what is applied.
    ///   - observe: receives events to be logged, on any thread.
    package init(
        runtime: MemberRuntime, configuration: ServiceConfiguration, tokens: any TokenProvider,
        passwords: PasswordHashing,
        observe: @escaping @Sendable (ServiceEvent) -> Void = { _ in }
    ) {
        context = ServiceContext(
            runtime: runtime, configuration: configuration, tokens: tokens, passwords: passwords,
            observe: observe)
        observe(.servingChanged(isServing: true, reason: ""))
    }

    /// The request metadata that the services read: the token in its two forms, whether it comes
    /// from the JSON gateway, whether a leader is required, and the version for the metrics.
    package static let metadataNames = [
        "token", "authorization", "grpcgateway-accept", "hasleader", "client-api-version",
    ]

    /// The metadata that traced calls read too.
    package static let traceMetadataNames = ["traceparent", "tracestate"]

    /// All methods, for a `GRPCServer`.
    package var methods: [GRPCMethod] {
        KVService(context: context).methods + WatchService(context: context).methods
            + LeaseService(context: context).methods + ClusterService(context: context).methods
            + MaintenanceService(context: context).methods + AuthService(context: context).methods
            + ElectionService(context: context).methods + LockService(context: context).methods
            + HealthService(context: context).methods
    }

    /// Submits the pending requests as one batch. Call at the end of each event loop tick.
    package func readTickComplete(_ loop: HTTP2Loop) {
        (loop.attachment as? RequestSubmitter)?.flush()
    }
}
