/// Features of etcd's flags that this version does not support yet.
///
/// A configuration that uses one of them is refused, so that no flag is silently ignored. Once a
/// feature is supported, its row is removed.
package enum LaterFeatures {
    /// One feature, and whether a configuration uses it.
    struct Feature: Sendable {
        let flag: String
        let isUsed: @Sendable (ServerConfiguration) -> Bool

        /// Used by any value other than the default.
        static func flag(_ name: String) -> Feature {
            Feature(flag: name) { configuration in
                guard let definition = FlagTable.find(name) else { return false }
                return definition.read(configuration) != definition.read(ServerConfiguration())
            }
        }
    }

    static let table: [Feature] = [
        // Observation
        .flag("enable-distributed-tracing"),
        .flag("distributed-tracing-address"), .flag("distributed-tracing-service-name"),
        .flag("distributed-tracing-instance-id"), .flag("distributed-tracing-sampling-rate"),
    ]

    /// Refuses a configuration that uses an unsupported feature, naming the flag.
    static func check(_ configuration: ServerConfiguration) throws(ConfigurationError) {
        for feature in table where feature.isUsed(configuration) {
            throw ConfigurationError(
                "--\(feature.flag) is not supported by this version of swift-etcd")
        }
    }
}
