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
    // Without a signal the process ends well: the member has no more to do.
    if let signal = try await server.run() { SignalWait.end(by: signal) }
}
