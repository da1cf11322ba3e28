import EtcdClient
import Logging
import ServiceLifecycle

// ElectedWorker ENDPOINT NAME: does jobs as long as it leads the election "worker".
let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: ElectedWorker ENDPOINT NAME") }

let logger = Logger(label: "elected-worker")
let client = try EtcdClient(endpoints: [arguments[1]], logger: logger)
let worker = ElectedWorker(client: client, name: arguments[2], logger: logger)

// Services are shut down in reverse order: the worker can still resign with its client.
let group = ServiceGroup(
    services: [client, worker], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
try await group.run()
