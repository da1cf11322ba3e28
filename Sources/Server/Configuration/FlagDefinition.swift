/// The headings under which the help text lists flags.
package enum FlagCategory: String, CaseIterable, Sendable {
    case member = "Member"
    case clustering = "Clustering"
    case security = "Security"
    case auth = "Auth"
    case profilingAndMonitoring = "Profiling and Monitoring"
    case logging = "Logging"
    case distributedTracing = "Distributed tracing"
    case features = "Features"
    case unsafe = "Unsafe feature"
    case top = ""
    /// Old flags that are read and ignored.
    case hidden = "(hidden)"
}

/// One flag: its names on the command line, in the environment and in a file, and how it changes a
/// configuration.
package struct FlagDefinition: Sendable {
    package let name: String
    package let category: FlagCategory
    package let help: String
    package let isBoolean: Bool
    /// The path of keys in a configuration file; empty for flags that a file cannot set.
    package let filePath: [String]
    /// Sets the flag from the command line or the environment.
    let setText: @Sendable (inout ServerConfiguration, String) throws(FlagValueError) -> Void
    /// Sets the flag from a value of a configuration file.
    let setNode:
        @Sendable (inout ServerConfiguration, ConfigurationNode) throws(FlagValueError) -> Void
    /// The flag's current value as text.
    let read: @Sendable (ServerConfiguration) -> String

    /// `heartbeat-interval` is `ETCD_HEARTBEAT_INTERVAL` in the environment.
    package var environmentKey: String {
        "ETCD_" + name.uppercased().replacing("-", with: "_")
    }

    /// A flag that sets one field of the configuration.
    ///
    /// - Parameter file: path of keys in a configuration file, separated by dots; the flag's own
    ///   name when nil, and none at all when empty.
    static func flag<Value: FlagValue>(
        _ name: String, _ field: WritableKeyPath<ServerConfiguration, Value> & Sendable,
        _ category: FlagCategory, file: String? = nil, _ help: String
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, category: category, help: help, isBoolean: Value.isBoolean,
            filePath: (file ?? name).split(separator: ".").map(String.init),
            setText: { configuration, text throws(FlagValueError) in
                configuration[keyPath: field] = try Value(flagText: text)
            },
            setNode: { configuration, node throws(FlagValueError) in
                configuration[keyPath: field] = try Value(fileNode: node)
            },
            read: { $0[keyPath: field].flagText })
    }

    /// A flag of URLs: the empty text changes nothing, as in etcd.
    static func urls(
        _ name: String,
        _ field: WritableKeyPath<ServerConfiguration, EndpointURLList> & Sendable,
        _ category: FlagCategory, _ help: String
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, category: category, help: help, isBoolean: false, filePath: [name],
            setText: { configuration, text throws(FlagValueError) in
                if text.isEmpty { return }
                configuration[keyPath: field] = try EndpointURLList(flagText: text)
            },
            setNode: { configuration, node throws(FlagValueError) in
                if case .scalar("", _) = node { return }
                configuration[keyPath: field] = try EndpointURLList(fileNode: node)
            },
            read: { $0[keyPath: field].flagText })
    }

    /// A flag without a field in the configuration.
    static func without(
        _ name: String, _ category: FlagCategory, isBoolean: Bool, _ help: String = ""
    ) -> FlagDefinition {
        FlagDefinition(
            name: name, category: category, help: help, isBoolean: isBoolean, filePath: [],
            setText: { _, text throws(FlagValueError) in
                if isBoolean && category == .top { _ = try Bool(flagText: text) }
            },
            setNode: { _, _ in },
            read: { _ in isBoolean && category == .top ? "false" : "" })
    }
}
