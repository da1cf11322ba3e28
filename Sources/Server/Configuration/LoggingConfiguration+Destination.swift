import GoText
package import ServerLogging

/// The log destination that the logging flags configure.
extension LoggingConfiguration {
    /// Opens the outputs. Errors carry etcd's texts.
    package func makeDestination() throws(ConfigurationError) -> LogDestination {
        switch logger {
        case "zap": break
        case "capnslog": throw ConfigurationError("--logger=capnslog is removed in v3.5")
        default: throw ConfigurationError("unknown logger option \(logger.goQuoted)")
        }
        let names = outputs.isEmpty ? ["default"] : outputs.values
        if names.count > 1, names.contains("default") {
            throw ConfigurationError(#"multi logoutput for "default" is not supported yet"#)
        }
        try checkJournal(names)
        let rotation = enableRotation ? try checkedRotation(names) : nil
        guard let level = LogLevel(flagText: level) else {
            throw ConfigurationError("unrecognized level: \(self.level.goQuoted)")
        }
        guard let format = format.isEmpty ? .json : LogFormat(rawValue: format) else {
            throw ConfigurationError(
                "unknown log format: \(self.format), supported values json, console")
        }
        let outputs = try openOutputs(names, rotation: rotation)
        return LogDestination(
            level: level, format: format,
            outputs: outputs.map { QueuedOutput($0, format: format) })
    }

    private static let journal = "systemd/journal"

    /// The journal must be the only output.
    private func checkJournal(_ names: [String]) throws(ConfigurationError) {
        guard names.count > 1, names.contains(Self.journal) else { return }
        let listed = names.map(\.goQuoted).joined(separator: " ")
        throw ConfigurationError(
            "running with systemd/journal but other '--log-outputs' values ([\(listed)]) are "
                + "configured with 'default'; override 'default' value with something else")
    }

    private static func isFile(_ name: String) -> Bool {
        !["default", "stderr", "stdout"].contains(name)
    }

    private func checkedRotation(_ names: [String]) throws(ConfigurationError) -> LogRotation {
        guard names.count(where: Self.isFile) == 1 else {
            throw ConfigurationError(
                "--log-outputs requires a single file path when "
                    + "--log-rotate-config-json is defined")
        }
        return try LogRotation(json: rotation)
    }

    private func openOutputs(
        _ names: [String], rotation: LogRotation?
    ) throws(ConfigurationError) -> [any LogOutput] {
        if names.contains("/dev/null") { return [] }
        var opened: [any LogOutput] = []
        do {
            for name in names {
                switch name {
                case "default", "stderr": opened.append(DescriptorOutput.standardError)
                case Self.journal:
                    let program = CommandLine.arguments.first?.split(separator: "/").last
                    opened.append(try JournalOutput(identifier: program.map(String.init) ?? ""))
                case "stdout": opened.append(DescriptorOutput.standardOutput)
                default:
                    let path = name.hasPrefix("file://") ? String(name.dropFirst(7)) : name
                    if let rotation {
                        opened.append(try RotatingFileOutput(path: path, rotation: rotation))
                    } else {
                        opened.append(try DescriptorOutput(path: path))
                    }
                }
            }
        } catch {
            throw ConfigurationError(error.message)
        }
        return opened
    }
}
