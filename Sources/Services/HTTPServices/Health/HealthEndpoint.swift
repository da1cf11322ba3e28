import GoText
import NIOCore

/// `/health`: whether this member can serve requests.
///
/// As in etcd, it checks alarms, then the leader, then a read; the first failure is the reason.
struct HealthEndpoint: Sendable {
    let healthQuery: HealthQuery
    let metrics: HealthMetrics

    func respond(to request: HTTPRequest) -> EventLoopFuture<HTTPResponse> {
        let isSerializable = request.query.first("serializable") == "true"
        let excluded = request.query.values("exclude")
        return failure(excluding: excluded, isSerializable: isSerializable).map { reason in
            metrics.countHealth(isHealthy: reason == nil)
            guard let reason else { return Self.healthy }
            return .failure(.serviceUnavailable, Self.body("false", reason))
        }
    }

    /// Without the header `X-Content-Type-Options`, as in etcd.
    private static var healthy: HTTPResponse {
        HTTPResponse(
            .ok, contentType: HTTPResponse.plainText, body: Array(body("true", "").utf8))
    }

    private static func body(_ health: String, _ reason: String) -> String {
        "{\"health\":\"\(health)\",\"reason\":\(reason.goJSON)}"
    }

    /// The reason why the member is not healthy; nil when it is healthy.
    private func failure(
        excluding excluded: Set<String>, isSerializable: Bool
    ) -> EventLoopFuture<String?> {
        healthQuery.report().flatMap { report in
            guard let report else { return finished("RANGE ERROR:etcdserver: request timed out") }
            if let alarm = report.alarms.first(where: { !excluded.contains($0) }) {
                let isKnown = ["NOSPACE", "CORRUPT"].contains(alarm)
                return finished("ALARM \(isKnown ? alarm : "UNKNOWN")")
            }
            if !isSerializable, !healthQuery.source.hasLeader { return finished("RAFT NO LEADER") }
            return healthQuery.read(isLinearizable: !isSerializable).map { error in
                error.map { "RANGE ERROR:\($0.message)" }
            }
        }
    }

    private func finished(_ reason: String) -> EventLoopFuture<String?> {
        healthQuery.eventLoop.makeSucceededFuture(reason)
    }
}
