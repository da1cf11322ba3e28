import GoText
package import ServerLogging
import Glibc

/// A configuration file as a source of flags.
enum ConfigurationFile {
    /// Reads and parses a file.
    static func load(path: String) throws(ConfigurationError) -> ConfigurationNode {
        let bytes = try read(path)
        do {
            return try ConfigurationParser.parse(bytes)
        } catch {
            throw ConfigurationError("configuration file \(path): \(error.message)")
        }
    }

    private static func read(_ path: String) throws(ConfigurationError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while content.count <= ConfigurationParser.fileSizeBytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            if count > 0 {
                content += chunk[..<count]
            } else if errno != EINTR {
                throw failure("read", path)
            }
        }
        return content
    }

    private static func failure(_ action: String, _ path: String) -> ConfigurationError {
        ConfigurationError("\(action) \(path): \(String(cString: strerror(errno)).lowercased())")
    }

    /// Applies all entries to a configuration. Unknown keys are ignored with a warning.
    static func apply(
        _ root: ConfigurationNode, to configuration: inout ServerConfiguration,
        logger: ServerLogger
    ) throws(ConfigurationError) {
        guard let entries = root.entries else {
            throw ConfigurationError("configuration file: expected 'key: value' lines")
        }
        try apply(entries, at: [], to: &configuration, logger: logger)
        let discovers =
            !configuration.discovery.dnsDomain.isEmpty
            || !configuration.discovery.endpoints.isEmpty
        if discovers, configuration.initialCluster == ServerConfiguration.defaultInitialCluster {
            configuration.initialCluster = ""
        }
        if configuration.selfSignedCertificateValidityYears == 0 {
            configuration.selfSignedCertificateValidityYears = 1
        }
    }

    private static func apply(
        _ entries: [ConfigurationNode.Entry], at parent: [String],
        to configuration: inout ServerConfiguration, logger: ServerLogger
    ) throws(ConfigurationError) {
        for entry in entries {
            let path = parent + [entry.key.lowercased()]
            if let flag = FlagTable.all.first(where: { $0.filePath == path }) {
                try set(flag, entry, to: &configuration)
            } else if FlagTable.all.contains(where: { $0.filePath.starts(with: path) }) {
                guard let inner = entry.value.entries else {
                    throw ConfigurationError("invalid \(path.joined(separator: "."))")
                }
                try apply(inner, at: path, to: &configuration, logger: logger)
            } else {
                let key = (parent + [entry.key]).joined(separator: ".")
                logger.warn("unrecognized key in configuration file", ["key": .string(key)])
            }
        }
    }

    private static func set(
        _ flag: FlagDefinition, _ entry: ConfigurationNode.Entry,
        to configuration: inout ServerConfiguration
    ) throws(ConfigurationError) {
        configuration.explicitlySet.insert(flag.name)
        guard entry.value != .null else { return }
        do {
            try flag.setNode(&configuration, entry.value)
        } catch {
            let key = flag.filePath.joined(separator: ".")
            if let found = error.foundType {
                throw ConfigurationError(
                    "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
                        + "\(found) into Go struct field .\(key) of type string")
            }
            throw ConfigurationError("configuration file: \(key.goQuoted): \(error.message)")
        }
    }
}

extension ServerConfiguration {
    /// Applies the entries of a parsed configuration file.
    package mutating func apply(
        file root: ConfigurationNode, logger: ServerLogger
    ) throws(ConfigurationError) {
        try ConfigurationFile.apply(root, to: &self, logger: logger)
    }
}
