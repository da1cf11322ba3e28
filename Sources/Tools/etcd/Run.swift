import EtcdServer

/// Why the server cannot be run.
struct RunError: Error, CustomStringConvertible {
    let description: String
}

/// Runs the server until it is told to stop.
func runServer(_ configuration: ServerConfiguration, logger: ServerLogger) async throws {
    throw RunError(description: "this build has no server in it")
}
