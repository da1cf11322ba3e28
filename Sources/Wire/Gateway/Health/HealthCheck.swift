import NIOCore

/// One named condition of `/livez` or `/readyz`.
enum HealthCheck: String, Sendable {
    case dataCorruption = "data_corruption"
    case serializableRead = "serializable_read"
    case linearizableRead = "linearizable_read"
    case nonLearner = "non_learner"

    /// Why the condition does not hold; nil when it does.
    func failure(_ question: HealthQuestion) -> EventLoopFuture<String?> {
        switch self {
        case .serializableRead: read(question, isLinearizable: false)
        case .linearizableRead: read(question, isLinearizable: true)
        case .dataCorruption:
            question.report().map { report in
                guard let report else { return Self.noAnswer }
                return report.alarms.contains("CORRUPT") ? "alarm activated: CORRUPT" : nil
            }
        case .nonLearner:
            question.report().map { report in
                guard let report else { return Self.noAnswer }
                return report.isLearner ? "not supported for learner" : nil
            }
        }
    }

    private static let noAnswer = "etcdserver: request timed out"

    private func read(
        _ question: HealthQuestion, isLinearizable: Bool
    ) -> EventLoopFuture<String?> {
        question.read(isLinearizable: isLinearizable).map { $0?.message }
    }
}

/// `/livez` or `/readyz`, with a path of its own for each check.
struct HealthCheckEndpoint: Sendable {
    /// `livez` or `readyz`, also the label of the metrics.
    let type: String
    let checks: [HealthCheck]

    static let livez = HealthCheckEndpoint(type: "livez", checks: [.serializableRead])
    static let readyz = HealthCheckEndpoint(
        type: "readyz",
        checks: [.dataCorruption, .serializableRead, .linearizableRead, .nonLearner])

    /// The checks that a path asks for: all, or the one it names; nil for an unknown path.
    func checks(path: String) -> [HealthCheck]? {
        if path == "/" + type { return checks }
        return checks.first { path == "/\(type)/\($0.rawValue)" }.map { [$0] }
    }

    /// Runs the checks at the same time; unknown names among the excluded are ignored.
    func answer(
        _ request: GatewayRequest, _ chosen: [HealthCheck], _ question: HealthQuestion,
        _ metrics: HealthMetrics
    ) -> EventLoopFuture<GatewayResponse> {
        let isRoot = request.path == "/" + type
        let excluded = isRoot ? request.query.values("exclude") : []
        let running = chosen.filter { !excluded.contains($0.rawValue) }
        let isVerbose = request.query.contains("verbose")
        let type = self.type
        return EventLoopFuture.whenAllSucceed(
            running.map { $0.failure(question) }, on: question.eventLoop
        ).map { failures in
            var report = ""
            for (check, failure) in zip(running, failures) {
                metrics.count(type: type, name: check.rawValue, isHealthy: failure == nil)
                let outcome = failure.map { "failed: \($0)" } ?? "ok"
                report += "[\(failure == nil ? "+" : "-")]\(check.rawValue) \(outcome)\n"
            }
            if failures.contains(where: { $0 != nil }) {
                return .failure(.serviceUnavailable, report)
            }
            return .plain(.ok, (isVerbose ? report : "") + "ok\n")
        }
    }
}
