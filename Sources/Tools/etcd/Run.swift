import EtcdServer

/// Runs the server until it is told to stop, and then ends the way the signal asks for.
func runServer(
    _ configuration: ServerConfiguration, logger: ServerLogger, signals: SignalWait
) async throws {
    let server = try await Server(configuration, logger: logger)
    signals.keep()
    let signal = try await server.run(signals)
    SignalWait.end(by: signal)
}
