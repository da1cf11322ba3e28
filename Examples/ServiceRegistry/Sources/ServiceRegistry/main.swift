import EtcdClient
import InMemoryTracing
import Logging
import ServiceLifecycle
import Tracing

// ServiceRegistry ENDPOINT SERVICE ADDRESS: registers the address as an instance of the service,
// and logs the instances whenever they change.
let arguments = CommandLine.arguments
guard arguments.count == 4 else { fatalError("usage: ServiceRegistry ENDPOINT SERVICE ADDRESS") }

// A program bootstraps the tracer of its backend here. This one logs its calls at the end.
let tracer = InMemoryTracer()
InstrumentationSystem.bootstrap(tracer)

let logger = Logger(label: "service-registry")
let client = try EtcdClient(endpoints: [arguments[1]], logger: logger)
let registration = Registration(
    client: client, service: arguments[2], address: arguments[3], logger: logger)
let discovery = Discovery(client: client, service: arguments[2], logger: logger)

let group = ServiceGroup(
    services: [client, registration, discovery], gracefulShutdownSignals: [.sigterm, .sigint],
    logger: logger)
try await group.run()

let calls = Set(tracer.finishedSpans.map(\.operationName))
logger.info("calls: \(calls.sorted().joined(separator: " "))")
