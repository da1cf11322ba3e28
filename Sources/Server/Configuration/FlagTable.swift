/// All flags of the server.
package enum FlagTable {
    /// Every flag, in the order of the help text.
    package static let all: [FlagDefinition] =
        member + clustering + security + peerSecurity + observation + features + top + ignored

    /// The flag of that name, if there is one.
    package static func find(_ name: some StringProtocol) -> FlagDefinition? {
        all.first { $0.name == name }
    }

    static let top: [FlagDefinition] = [
        .without("config-file", .top, isBoolean: false, "Path of a configuration file."),
        .without("version", .top, isBoolean: true, "Print the version and exit."),
    ]

    /// Flags of old versions; setting one has no effect but a warning.
    static let ignored: [FlagDefinition] = [
        "cluster-active-size", "cluster-remove-delay", "cluster-sync-interval", "config", "force",
        "max-result-buffer", "max-retry-attempts", "peer-heartbeat-interval",
        "peer-election-timeout", "retry-interval", "snapshot", "v", "vv", "test.coverprofile",
        "test.outputdir",
    ].map { .without($0, .hidden, isBoolean: true) }
}
