import NIOCore

/// A named check of `/livez` or `/readyz`.
enum HealthCheck: String, Sendable {
    case dataCorruption = "data_corruption"
    case serializableRead = "serializable_read"
    case linearizableRead = "linearizable_read"
    case nonLearner = "non_learner"

    /// The reason of a failed check; nil when the check passes.
    func failure(_ healthQuery: HealthQuery) -> EventLoopFuture<String?> {
        switch self {
        case .serializableRead: read(healthQuery, isLinearizable: false)
        case .linearizableRead: read(healthQuery, isLinearizable: true)
        case .dataCorruption:
            healthQuery.report().map { report in
                guard let report else { return Self.timeoutMessage }
                return report.alarms.contains("CORRUPT") ? "alarm activated: CORRUPT" : nil
            }
        case .nonLearner:
            healthQuery.report().map { report in
                guard let report else { return Self.timeoutMessage }
                return report.isLearner ? "not supported for learner" : nil
            }
        }
    }

    private static let timeoutMessage = "etcdserver: request timed out"

    private func read(
        _ healthQuery: HealthQuery, isLinearizable: Bool
    ) -> EventLoopFuture<String?> {
        healthQuery.read(isLinearizable: isLinearizable).map { $0?.message }
    }
}

/// `/livez` or `/readyz`, with a subpath for each check.
struct HealthCheckEndpoint: Sendable {
    /// `livez` or `readyz`, also the label of the metrics.
    let type: String
    let checks: [HealthCheck]

    static let livez = HealthCheckEndpoint(type: "livez", checks: [.serializableRead])
    static let readyz = HealthCheckEndpoint(
        type: "readyz",
        checks: [.dataCorruption, .serializableRead, .linearizableRead, .nonLearner])

    /// The checks of a path: all, or the one in the subpath; nil for an unknown path.
    func checks(path: String) -> [HealthCheck]? {
        if path == "/" + type { return checks }
        return checks.first { path == "/\(type)/\($0.rawValue)" }.map { [$0] }
    }

    /// Runs the checks concurrently; unknown names among the excluded are ignored.
    func respond(
        to request: HTTPRequest, _ selected: [HealthCheck], _ healthQuery: HealthQuery,
        _ metrics: HealthMetrics
    ) -> EventLoopFuture<HTTPResponse> {
        let isRoot = request.path == "/" + type
        let excluded = isRoot ? request.query.values("exclude") : []
        let running = selected.filter { !excluded.contains($0.rawValue) }
        let isVerbose = request.query.contains("verbose")
        let type = self.type
        return EventLoopFuture.whenAllSucceed(
            running.map { $0.failure(healthQuery) }, on: healthQuery.eventLoop
        ).map { failures in
            var report = ""
            for (check, failure) in zip(running, failures) {
                metrics.count(type: type, name: check.rawValue, isHealthy: failure == nil)
                let result = failure.map { "failed: \($0)" } ?? "ok"
                report += "[\(failure == nil ? "+" : "-")]\(check.rawValue) \(result)\n"
            }
            if failures.contains(where: { $0 != nil }) {
                return .failure(.serviceUnavailable, report)
            }
            return .plain(.ok, (isVerbose ? report : "") + "ok\n")
        }
    }
}
