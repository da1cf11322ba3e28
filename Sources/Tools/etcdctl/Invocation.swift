import CommandParsing
import EtcdClient
import ResponseFormatting
import Synchronization
import StandardStreams

/// One run of a command: its flags and arguments, its client, and how its responses are printed.
///
/// What the client is made of is read once, when the command has checked its arguments: the
/// environment, the name servers and the password.
final class Invocation: Sendable {
    let command: ParsedCommand
    let environment: [String: String]
    private let read = Mutex<FlagValues?>(nil)
    private let client = Mutex<ClientOptions?>(nil)

    init(command: ParsedCommand, environment: [String: String]) {
        self.command = command
        self.environment = environment
    }

    /// The flags of the command line.
    var flags: FlagValues { command.flags }
    var arguments: [String] { command.arguments }

    /// The flags of the command line and of the environment.
    func globalFlags() throws(ToolFailure) -> FlagValues {
        if let flags = read.withLock({ $0 }) { return flags }
        let listed = GlobalFlags.all + command.path.dropLast().flatMap(\.inheritedFlags)
        var flags = command.flags
        try GlobalFlags.read(listed, environment: environment, into: &flags)
        if flags.bool("debug") { GlobalFlags.print(listed, flags) }
        let values = flags
        read.withLock { $0 = values }
        return values
    }

    /// What the client is made of.
    func clientOptions() async throws -> ClientOptions {
        if let options = client.withLock({ $0 }) { return options }
        let options = try await ClientOptions(globalFlags())
        client.withLock { $0 = options }
        return options
    }

    /// The format of the output, checked before anything is sent.
    func formatter() async throws -> ResponseFormatter {
        _ = try await clientOptions()
        let flags = try globalFlags()
        guard let format = OutputFormat(rawValue: flags.string("write-out")) else {
            throw ToolFailure.feature("unsupported output format")
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
        let options = try await clientOptions()
        let endpoints = endpoints ?? options.endpoints
        guard !endpoints.isEmpty else {
            throw ToolFailure.connection("etcdclient: no available endpoints")
        }
        var configuration = options.configuration
        configuration.requiresLeader = requiresLeader
        do {
            return try await EtcdClient.withClient(
                endpoints: endpoints, configuration: configuration
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
    func endpointsOfMembers() async throws -> [String] {
        let isOfCluster = try globalFlags().bool("cluster")
        guard isOfCluster else { return try await clientOptions().endpoints }
        do {
            return try await withClient { client in
                try await client.members().flatMap(\.clientURLs)
            }
        } catch let failure as ToolFailure {
            throw ToolFailure.operation(
                "failed to fetch endpoints from etcd cluster member list: \(failure.message)")
        }
    }
}
