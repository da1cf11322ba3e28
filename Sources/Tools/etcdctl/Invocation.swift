import CommandParsing
import EtcdClient
import ResponseFormatting

/// One run of a command: its flags and arguments, and how its responses are printed.
struct Invocation: Sendable {
    let command: ParsedCommand
    /// With those of the environment.
    let flags: FlagValues
    let environment: [String: String]

    var arguments: [String] { command.arguments }
    var commandTimeout: Duration { flags.duration("command-timeout") }

    /// The format of the output, checked before anything is sent.
    func formatter() throws(ToolFailure) -> ResponseFormatter {
        guard let format = OutputFormat(rawValue: flags.string("write-out")) else {
            throw .feature("unsupported output format")
        }
        return ResponseFormatter(format, isHex: flags.bool("hex"))
    }

    /// Prints a response; a format that the command does not have is an error after the call.
    func print(_ output: () throws(UnsupportedFormat) -> Output) throws(ToolFailure) {
        do throws(UnsupportedFormat) {
            StandardOutput.write(try output())
        } catch {
            throw .feature("\(error)")
        }
    }

    /// Runs calls; their errors end the command with status 1.
    ///
    /// - Parameter requiresLeader: whether members without a leader refuse calls.
    func withClient<Result: Sendable>(
        endpoints: [String]? = nil, requiresLeader: Bool = false,
        _ body: (EtcdClient) async throws -> Result
    ) async throws -> Result {
        var options = try await ClientOptions(self)
        options.configuration.requiresLeader = requiresLeader
        do {
            return try await EtcdClient.withClient(
                endpoints: endpoints ?? options.endpoints, configuration: options.configuration
            ) { client in
                do throws(EtcdClientError) {
                    try await client.authenticate()
                } catch {
                    throw ToolFailure.connection(error.toolText)
                }
                return try await body(client)
            }
        } catch let error as EtcdClientError {
            switch error.reason {
            case .invalidConfiguration: throw ToolFailure.arguments(error.toolText)
            default: throw ToolFailure.operation(error.toolText)
            }
        }
    }

    /// The endpoints that a command of each member is sent to: `--endpoints`, or with `--cluster`
    /// those of all members.
    func endpoints(ofCluster: Bool) async throws -> [String] {
        guard ofCluster else { return try await ClientOptions(self).endpoints }
        do {
            return try await withClient { client in
                try await client.members().flatMap(\.clientURLs)
            }
        } catch let failure as ToolFailure {
            let text = failure.lines.first.map { String($0.dropFirst("Error: ".count)) } ?? ""
            throw ToolFailure.operation(
                "failed to fetch endpoints from etcd cluster member list: \(text)")
        }
    }
}
