@testable import ServerLogging
@testable import Configuration
import Testing

@testable import EtcdServer

/// The result of loading, with the early log.
struct Loaded {
    let decision: LaunchDecision
    let log: [String]

    var configuration: ServerConfiguration? {
        if case .run(let configuration, _) = decision { return configuration }
        return nil
    }

    var finish: (status: Int32, output: String, diagnostics: String)? {
        if case .finish(let status, let output, let diagnostics) = decision {
            return (status, output, diagnostics)
        }
        return nil
    }
}

/// Loads with the configured log disabled, so that only the early log is recorded.
func load(_ arguments: [String], environment: [String] = []) -> Loaded {
    let early = MemoryOutput()
    let quiet = arguments.contains { $0.contains("log-outputs") } ? [] : ["--log-outputs=/dev/null"]
    let usesFile = arguments.contains { $0.contains("config-file") }
    let loader = ConfigurationLoader(
        arguments: ["etcd"] + (usesFile ? [] : quiet) + arguments, environment: environment,
        earlyDestination: LogDestination(outputs: [early]))
    let decision = loader.load()
    return Loaded(decision: decision, log: early.lines)
}

/// The error text of a refused configuration; nil if it is valid.
func refusal(_ arguments: [String]) -> String? {
    var configuration = ServerConfiguration()
    do {
        let flags = try CommandLineFlags.parse(arguments) { flag, text throws(FlagValueError) in
            try flag.setText(&configuration, text)
        }
        configuration.explicitlySet = Set(flags.given.map(\.name))
    } catch {
        return "usage: \(error)"
    }
    let logger = ServerLogger(destination: LogDestination(outputs: []))
    let loader = ConfigurationLoader(arguments: [], environment: [])
    loader.applyDependentDefaults(&configuration)
    do {
        try configuration.validate(logger: logger)
        return nil
    } catch {
        return error.message
    }
}
