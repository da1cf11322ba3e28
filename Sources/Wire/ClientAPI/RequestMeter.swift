internal import CoreMetrics
package import GRPC
internal import NIOConcurrencyHelpers

/// Counts calls by kind and by the client's API version, and streams that broke.
package final class RequestMeter: Sendable {
    private let counters = NIOLockedValueBox<[String: Counter]>([:])

    package init() {}

    func countRequest(_ call: GRPCServerCall, isStream: Bool) {
        let version = call.metadata.first("client-api-version") ?? "unknown"
        let type = isStream ? "stream" : "unary"
        counter("etcd_server_client_requests_total", [("type", type), ("client_api_version", version)])
            .increment()
    }

    func streamClosed(_ api: String, _ reason: GRPCCloseReason) {
        guard case .connectionLost = reason else { return }
        counter("etcd_network_server_stream_failures_total", [("Type", "receive"), ("API", api)])
            .increment()
    }

    /// Versions come from clients: only a few are kept apart.
    private static let countersMax = 64

    private func counter(_ name: String, _ labels: [(String, String)]) -> Counter {
        let key = labels.reduce(name) { "\($0),\($1.1)" }
        return counters.withLockedValue { counters in
            if let known = counters[key] { return known }
            guard counters.count < Self.countersMax else {
                return Counter(label: name, dimensions: labels.map { ($0.0, "other") })
            }
            let counter = Counter(label: name, dimensions: labels)
            counters[key] = counter
            return counter
        }
    }
}
