import Configuration
import EtcdServer
import Glibc

/// Prints without buffering, since the process is about to exit.
func printAll(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            rest = rest.dropFirst(count)
        } else if errno != EINTR {
            return
        }
    }
}

/// The environment as `KEY=value` texts.
func environmentEntries() -> [String] {
    var entries: [String] = []
    var next = environ
    while let entry = next.pointee {
        entries.append(String(cString: entry))
        next += 1
    }
    return entries
}

limitAllocator()
if let name = CommandLine.arguments.dropFirst().first, let subcommand = subcommands[name] {
    await subcommand(Array(CommandLine.arguments.dropFirst()))
}
let loader = ConfigurationLoader(
    arguments: CommandLine.arguments, environment: environmentEntries())
switch loader.load() {
case .finish(let status, let output, let diagnostics):
    printAll(output, to: 1)
    printAll(diagnostics, to: 2)
    exit(status)
case .run(let configuration, let logger):
    let signals = SignalWait()
    do {
        try await runServer(configuration, logger: logger, signals: signals)
    } catch {
        // etcd's message for every failed start; the error has the reason.
        logger.fatal("discovery failed", ["error": .error(error)])
    }
}
