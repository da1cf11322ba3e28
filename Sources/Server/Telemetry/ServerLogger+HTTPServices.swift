import ServerLogging
package import HTTPServices

extension ServerLogger {
    /// Logs an event of `HTTPService`; its `observe` callback.
    package func log(_ event: HTTPEvent) {
        switch event {
        case .hostRejected(let host):
            warn(
                "rejecting HTTP request to prevent DNS rebinding attacks", ["host": .string(host)])
        case .unhealthy("/health", let output, let status):
            warn(
                "/health error",
                ["output": .string(Self.line(output)), "status-code": .number(status)])
        case .unhealthy(let path, let output, let status):
            error(
                "Health check error",
                [
                    "path": .string(path), "reason": .string(Self.line(output)),
                    "status-code": .number(status),
                ])
        }
    }

    /// The text without the newline at its end.
    private static func line(_ output: String) -> String {
        output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}
