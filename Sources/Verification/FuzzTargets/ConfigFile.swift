import ServerLogging
import Configuration

/// Parses any bytes as a configuration file and applies it; must never trap.
package func fuzzConfigFile(_ input: UnsafeRawBufferPointer) {
    guard let root = try? ConfigurationParser.parse(Array(input)) else { return }
    var configuration = ServerConfiguration()
    let logger = ServerLogger(destination: LogDestination(level: .fatal, outputs: []))
    let isApplied = (try? configuration.apply(file: root, logger: logger)) != nil
    guard isApplied else { return }
    let isValid = (try? configuration.validate(logger: logger)) != nil
    if isValid { _ = try? configuration.initialMembers() }
}
