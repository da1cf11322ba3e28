package import GRPC
package import HTTP2
package import ReplicaRuntime

/// All of etcd's gRPC services over one replica.
package struct ClientAPI: Sendable {
    package let context: ServiceContext

    /// - Parameter observe: called on any thread for what a log should tell.
    package init(
        runtime: ReplicaRuntime, settings: ServiceSettings,
        observe: @escaping @Sendable (ServiceEvent) -> Void = { _ in }
    ) {
        context = ServiceContext(runtime: runtime, settings: settings, observe: observe)
        observe(.servingChanged(isServing: true, reason: ""))
    }

    /// Every method, for a GRPC server.
    package var methods: [GRPCMethod] {
        KVService(context: context).methods + WatchService(context: context).methods
            + LeaseService(context: context).methods + ClusterService(context: context).methods
            + MaintenanceService(context: context).methods + AuthService(context: context).methods
            + ElectionService(context: context).methods + LockService(context: context).methods
            + HealthService(context: context).methods
    }

    /// To be called at the end of each read turn of a loop: sends gathered requests as one batch.
    package func readTurnComplete(_ loop: HTTP2Loop) {
        (loop.attachment as? ClientPort)?.flush()
    }
}
