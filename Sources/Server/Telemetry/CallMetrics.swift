package import GRPC
import HTTPServices
package import NIOCore
package import Prometheus

/// Metrics of gRPC calls, from the server's counters.
package final class CallMetrics: Sendable {
    private let server: GRPCServer
    private let methods: [GRPCMethodMetrics]
    private let received: CounterSeries
    private let sent: CounterSeries

    package init(server: GRPCServer, registry: MetricRegistry) {
        self.server = server
        methods = server.methods.map { method in
            registry.grpcMethod(
                service: method.service, method: method.name, type: method.kind.metricsLabel)
        }
        received = registry.counter("etcd_network_client_grpc_received_bytes_total")
        sent = registry.counter("etcd_network_client_grpc_sent_bytes_total")
    }

    /// Collects the counters of all event loops.
    package func refresh(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        server.collectCounters(on: eventLoop).map { counters in
            for (method, counters) in zip(self.methods, counters) {
                Self.show(counters, in: method)
            }
            self.received.mirror(Double(counters.reduce(0) { $0 + $1.bytesReceived }))
            self.sent.mirror(Double(counters.reduce(0) { $0 + $1.bytesSent }))
        }
    }

    private static func show(_ counters: GRPCMethodCounters, in metrics: GRPCMethodMetrics) {
        metrics.started.mirror(Double(counters.started))
        metrics.messagesReceived.mirror(Double(counters.messagesReceived))
        metrics.messagesSent.mirror(Double(counters.messagesSent))
        metrics.mirrorHandled(counters.handled)
        metrics.handlingSeconds?.mirror(
            counts: counters.handlingTime.map { UInt64(clamping: $0) },
            sum: counters.handlingTimeSum.seconds)
    }
}
