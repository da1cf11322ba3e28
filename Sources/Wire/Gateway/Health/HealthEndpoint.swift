import NIOCore

/// `/health`: whether the cluster answers through this member.
///
/// Alarms come first, then the leader, then a read, as etcd does it; the first that is wrong is
/// the reason given.
struct HealthEndpoint: Sendable {
    let question: HealthQuestion
    let metrics: HealthMetrics

    func answer(_ request: GatewayRequest) -> EventLoopFuture<GatewayResponse> {
        let isSerializable = request.query.first("serializable") == "true"
        let excluded = request.query.values("exclude")
        return failure(excluding: excluded, isSerializable: isSerializable).map { reason in
            metrics.countHealth(isHealthy: reason == nil)
            guard let reason else { return Self.healthy }
            return .failure(.serviceUnavailable, Self.body("false", reason))
        }
    }

    /// The answer carries no header that keeps browsers from guessing its type, as etcd's.
    private static var healthy: GatewayResponse {
        GatewayResponse(
            .ok, contentType: GatewayResponse.plainText, body: Array(body("true", "").utf8))
    }

    private static func body(_ health: String, _ reason: String) -> String {
        "{\"health\":\"\(health)\",\"reason\":\(JSONText.quote(reason))}"
    }

    /// Why the member is not healthy; nil when it is.
    private func failure(
        excluding excluded: Set<String>, isSerializable: Bool
    ) -> EventLoopFuture<String?> {
        question.report().flatMap { report in
            guard let report else { return finished("RANGE ERROR:etcdserver: request timed out") }
            if let alarm = report.alarms.first(where: { !excluded.contains($0) }) {
                return finished("ALARM \(["NOSPACE", "CORRUPT"].contains(alarm) ? alarm : "UNKNOWN")")
            }
            if !isSerializable, !question.source.hasLeader { return finished("RAFT NO LEADER") }
            return question.read(isLinearizable: !isSerializable).map { error in
                error.map { "RANGE ERROR:\($0.message)" }
            }
        }
    }

    private func finished(_ reason: String) -> EventLoopFuture<String?> {
        question.eventLoop.makeSucceededFuture(reason)
    }
}
