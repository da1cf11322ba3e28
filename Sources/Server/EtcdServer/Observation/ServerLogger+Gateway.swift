package import Gateway

extension ServerLogger {
    /// Tells what the HTTP side has to tell; give it to the gateway as `observe`.
    package func note(_ event: GatewayEvent) {
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

    /// The text without the newline that ends an answer.
    private static func line(_ output: String) -> String {
        output.hasSuffix("\n") ? String(output.dropLast()) : output
    }
}
