import EtcdClient
import Logging
import ServiceLifecycle

// ConfigurationWatcher ENDPOINT PREFIX: logs the keys below the prefix, and each change of them.
let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: ConfigurationWatcher ENDPOINT PREFIX") }

let logger = Logger(label: "configuration-watcher")
let client = try EtcdClient(endpoints: [arguments[1]], logger: logger)
let watcher = ConfigurationWatcher(client: client, prefix: arguments[2], logger: logger)

// Services are shut down in reverse order: the client last.
let group = ServiceGroup(
    services: [client, watcher], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
try await group.run()
