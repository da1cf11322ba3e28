import ServerLogging
import Configuration
import EtcdServer

/// Runs the server until it stops, then ends the process by the signal that stopped it.
func runServer(
    _ configuration: ServerConfiguration, logger: ServerLogger, signals: SignalWait
) async throws {
    let server = try await Server(configuration, logger: logger, signals: signals)
    signals.keep()
    let release = Task {
        // The first election, the listeners and the publication belong to the start as well.
        try await Task.sleep(for: .seconds(1))
        releaseStartPages()
    }
    defer { release.cancel() }
    switch try await server.run() {
    case .signal(let number):
        logger.destination.flush()
        SignalWait.end(by: number)
    case .removal(hasServed: true): logger.destination.flush()
    case .removal(hasServed: false):
        logger.fatal(
            "failed to start",
            ["error": "the member has been permanently removed from the cluster"])
    }
}
