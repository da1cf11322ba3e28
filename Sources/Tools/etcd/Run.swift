import EtcdServer

/// Runs the server until it is told to stop, and then ends the way the signal asks for.
func runServer(_ configuration: ServerConfiguration, logger: ServerLogger) async throws {
    let signals = SignalWait()
    let server = try Server(configuration, logger: logger)
    let signal = try await server.run(signals)
    SignalWait.end(by: signal)
}
