import CommandParsing
import EtcdServer
import Glibc
import Listening
import NIOCore
import NIOPosix
import ServerLogging
import TCPProxy

/// `etcd gateway start`: a TCP proxy in front of the members of a cluster.
enum GatewayCommand {
    private static let group = Command(
        "gateway", "", "A TCP proxy for clients.",
        subcommands: [
            Command(
                "start", "", "Start the proxy.",
                flags: [
                    Flag(
                        "listen-addr", .string, "127.0.0.1:23790",
                        "Address that clients connect to."),
                    Flag(
                        "endpoints", .list, "127.0.0.1:2379",
                        "Members that connections go to, comma separated."),
                    Flag(
                        "retry-delay", .duration, "1m0s",
                        "Time after which an endpoint that failed is dialed again."),
                    Flag(
                        "discovery-srv", .string, "", "Domain whose SRV records are the endpoints."),
                    Flag(
                        "discovery-srv-name", .string, "",
                        "Name in the service of the SRV records: _etcd-client-NAME."),
                    Flag(
                        "insecure-discovery", .bool, "false",
                        "Use discovered endpoints without TLS too, and without a trial."),
                    Flag(
                        "trusted-ca-file", .string, "",
                        "Certificates of the authorities of the discovered endpoints."),
                ])
        ])

    private static let parser = CommandLineParser(
        Command("etcd", "", "The etcd server.", subcommands: [group]))
    private static let usage = UsageText(parser)

    /// Runs the command or prints its help, and ends the process.
    ///
    /// - Parameter words: without the name of the program.
    @Sendable
    static func run(_ words: [String]) async -> Never {
        do throws(CommandLineError) {
            let command = try parser.parse(words)
            if command.names == ["gateway", "start"], !command.asksForHelp {
                await start(command.flags)
            }
            printAll(usage.help(of: command.path), to: 1)
            exit(0)
        } catch {
            refuse(error)
        }
    }

    private static func refuse(_ error: CommandLineError) -> Never {
        switch error {
        case .unknownCommand(let word, suggestions: _):
            printAll("Error: unknown command \"\(word)\" for \"etcd\"\n", to: 2)
        case .flag(let text, let names):
            let path = parser.command(of: names) ?? []
            printAll("Error: \(text)\n\(usage.usage(of: path))\n", to: 2)
        }
        exit(1)
    }

    private static func start(_ flags: FlagValues) async -> Never {
        let signals = SignalWait()
        let logger = ServerLogger(destination: LogDestination())
        logger.info("Running: ", ["args": .strings(CommandLine.arguments)])
        do throws(StartRefusal) {
            let listenAddress = flags.string("listen-addr")
            let endpoints = try await endpoints(flags, logger)
            let (host, port) = try GatewayAddresses.check(
                listenAddress: listenAddress, endpoints: endpoints)
            let socket = try listen(host, port, listenAddress)
            await serve(
                socket, endpoints, retryDelay: flags.duration("retry-delay"), logger)
        } catch {
            logger.destination.flush()
            printAll(error.text, to: error.descriptor)
        }
        withExtendedLifetime(signals) { exit(1) }
    }

    /// Those of the domain, else those of `--endpoints`.
    private static func endpoints(
        _ flags: FlagValues, _ logger: ServerLogger
    ) async throws(StartRefusal) -> [ProxyEndpoint] {
        let domain = flags.string("discovery-srv")
        if !domain.isEmpty {
            var discovery = ProxyDiscovery(domain: domain)
            discovery.serviceName = flags.string("discovery-srv-name")
            discovery.isInsecure = flags.bool("insecure-discovery")
            discovery.trustedCAFile = flags.string("trusted-ca-file")
            do throws(ProxyDiscoveryError) {
                let found = try await discovery.endpoints(logger: logger)
                if !found.isEmpty { return found }
            } catch {
                throw .onStandardError("\(error)")
            }
        }
        return try GatewayAddresses.endpoints(flags.list("endpoints"))
    }

    private static func listen(
        _ host: String, _ port: String, _ text: String
    ) throws(StartRefusal) -> ListeningSocket {
        guard let number = UInt16(port) else {
            throw .onStandardError("listen tcp: address \(text): invalid port")
        }
        do {
            return try ListeningSocket(.tcp(host: host, port: Int(number)))
        } catch {
            let address = ProxyEndpoint.address(host: host, port: number)
            throw .onStandardError(NetworkErrorText.ofListen(error, on: address))
        }
    }

    private static func serve(
        _ socket: ListeningSocket, _ endpoints: [ProxyEndpoint], retryDelay: Duration,
        _ logger: ServerLogger
    ) async {
        logger.info("notifying init daemon")
        SystemNotify.send("READY=1")
        logger.info("successfully notified init daemon")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
        let proxy = TCPProxy(
            endpoints: endpoints, retryDelay: retryDelay, group: group, logger: logger)
        let limits = DescriptorLimits.raise()
        // A connection has a socket on each side.
        let limit = AcceptLimit(connectionsMax: limits.clientConnectionsMax / 2)
        do {
            let channel = try await proxy.serve(socket, limit: limit)
            logger.info(
                "ready to proxy client requests",
                ["endpoints": .strings(endpoints.map(\.address))])
            try await channel.closeFuture.get()
        } catch {
            logger.error("failed to serve", ["error": .error(error)])
            logger.destination.flush()
        }
    }
}
