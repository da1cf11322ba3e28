import EtcdServer

/// Runs the server until it is told to stop, and then ends the way the signal asks for.
func runServer(
    _ configuration: ServerConfiguration, logger: ServerLogger, signals: SignalWait
) async throws {
    let server = try await Server(configuration, logger: logger, signals: signals)
    signals.keep()
    let release = Task {
        // Electing, opening and publishing belong to the start as well.
        try await Task.sleep(for: .seconds(1))
        releaseStartPages()
    }
    defer { release.cancel() }
    switch try await server.run() {
    case .signal(let number):
        logger.sink.flush()
        SignalWait.end(by: number)
    case .removal(hasServed: true): logger.sink.flush()
    case .removal(hasServed: false):
        logger.fatal(
            "failed to start",
            ["error": "the member has been permanently removed from the cluster"])
    }
}
