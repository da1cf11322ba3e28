import CommandParsing
import EtcdServer
import GRPCProxy
import Glibc
import ServerLogging

/// `etcd grpc-proxy`: parses its command line and runs the proxy.
enum GRPCProxyCommand {
    private static let root = Command(
        "etcd", "", "",
        subcommands: [
            Command(
                "grpc-proxy", "", "grpc-proxy related command",
                subcommands: [Command("start", "", "start the grpc proxy", flags: flags)])
        ])

    /// - Parameter words: without the name of the program.
    static func run(_ words: [String]) async -> Never {
        let parser = CommandLineParser(root)
        let usage = UsageText(parser)
        do throws(CommandLineError) {
            let command = try parser.parse(words)
            guard command.names == ["grpc-proxy", "start"], !command.asksForHelp else {
                printAll(usage.help(of: command.path), to: 1)
                exit(0)
            }
            await start(ProxyConfiguration(command.flags))
        } catch {
            switch error {
            case .unknownCommand(let word, _):
                printAll("Error: unknown command \"\(word)\" for \"etcd\"\n", to: 2)
            case .flag(let text, let names):
                printAll("Error: \(text)\n", to: 2)
                printAll(usage.usage(of: parser.command(of: names) ?? []) + "\n", to: 2)
            }
            exit(1)
        }
    }

    private static func start(_ configuration: ProxyConfiguration) async -> Never {
        let logger = ServerLogger(
            destination: LogDestination(level: configuration.isDebug ? .debug : .info))
        do {
            try configuration.check()
            try await GRPCProxy(configuration, logger: logger).run(
                connectionsMax: max(DescriptorLimits.raise().clientConnectionsMax, 1)
            ) { SystemNotify.send("READY=1") }
        } catch let error as ProxyStartError {
            if let message = error.logMessage { logger.fatal(message, ["error": .error(error)]) }
            logger.destination.flush()
            // etcd writes this one without a line feed.
            let isCut = error.description.hasPrefix("cannot parse")
            printAll(error.description + (isCut ? "" : "\n"), to: 2)
            exit(1)
        } catch {
            logger.destination.flush()
            printAll("\(error)\n", to: 2)
            exit(1)
        }
    }
}
