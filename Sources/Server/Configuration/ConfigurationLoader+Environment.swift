import GoText
import ServerLogging

extension ConfigurationLoader {
    /// Sets flags that the command line does not give from the environment.
    ///
    /// - Returns: a variable that a command-line flag shadows; etcd refuses to start then.
    func applyEnvironment(
        _ configuration: inout ServerConfiguration, given: Set<String>, _ logger: ServerLogger
    ) throws(ConfigurationError) -> String? {
        if let version = environment.value(EnvironmentVariables.versionKey) {
            logger.warn(
                "cannot set special environment variable",
                ["key": .string(EnvironmentVariables.versionKey), "value": .string(version)])
        }
        var used: Set<String> = []
        var mistake: ConfigurationError?
        for flag in FlagTable.all.sorted(by: { $0.name < $1.name })
        where !given.contains(flag.name) && flag.name != "version" {
            guard let value = environment.value(flag.environmentKey) else { continue }
            used.insert(flag.environmentKey)
            do {
                try flag.setText(&configuration, value)
                configuration.explicitlySet.insert(flag.name)
                logger.info(
                    "recognized and used environment variable",
                    [
                        "variable-name": .string(flag.environmentKey),
                        "variable-value": .string(
                            SecretFlags.isSecret(flag) ? SecretFlags.mask : value),
                    ])
                if flag.category == .hidden { warnOfIgnoredFlags([flag.name], logger) }
            } catch {
                mistake = ConfigurationError(
                    "invalid value \(value.goQuoted) for \(flag.environmentKey): \(error.message)")
            }
        }
        if let shadowed = findShadowed(given: given, used: used, logger) { return shadowed }
        if let mistake { throw mistake }
        return nil
    }

    /// Warns of unknown `ETCD_` variables; returns the first that a flag shadows.
    private func findShadowed(
        given: Set<String>, used: Set<String>, _ logger: ServerLogger
    ) -> String? {
        let flagKeys = Set(
            FlagTable.all.filter { given.contains($0.name) }.map(\.environmentKey))
        for entry in environment.entries {
            guard let key = EnvironmentVariables.key(of: entry) else {
                logger.warn(
                    "found invalid environment variable",
                    ["environment-variable": .string(entry)])
                continue
            }
            if used.contains(key) { continue }
            if flagKeys.contains(key) { return key }
            let isVersion =
                key == EnvironmentVariables.versionKey && environment.value(key) != nil
            if key.hasPrefix("ETCD_"), !isVersion {
                logger.warn(
                    "unrecognized environment variable",
                    ["environment-variable": .string(entry)])
            }
        }
        return nil
    }

    func warnOfIgnoredFlags(_ given: Set<String>, _ logger: ServerLogger) {
        for flag in FlagTable.ignored where given.contains(flag.name) {
            logger.warn(
                "flag is no longer supported - ignoring", ["flag-name": .string(flag.name)])
        }
    }

    func warnOfDeprecatedFlags(_ configuration: ServerConfiguration, _ logger: ServerLogger) {
        if configuration.explicitlySet.contains("max-snapshots") {
            logger.warn(
                "--max-snapshots is deprecated in 3.6 and will be decommissioned in 3.8")
        }
        if configuration.explicitlySet.contains("v2-deprecation") {
            logger.warn(
                "--v2-deprecation is deprecated and scheduled for removal in v3.8. "
                    + "The default value is enforced, ignoring user input.")
        }
    }

    /// Timeouts of peer connections are at least five seconds.
    func raiseRaftTimeouts(_ configuration: inout ServerConfiguration, _ logger: ServerLogger) {
        if configuration.raftReadTimeout < .seconds(5) {
            configuration.raftReadTimeout = .seconds(5)
            logger.info("raft-read-timeout increased to minimum value: 5s")
        }
        if configuration.raftWriteTimeout < .seconds(5) {
            configuration.raftWriteTimeout = .seconds(5)
            logger.info("raft-write-timeout increased to minimum value: 5s")
        }
    }

    /// Some defaults apply only if other flags are not given.
    func applyDependentDefaults(_ configuration: inout ServerConfiguration) {
        let given = configuration.explicitlySet
        if given.contains("listen-client-urls"), !given.contains("advertise-client-urls") {
            configuration.advertiseClientURLs = EndpointURLList([])
        }
        let discovery = configuration.discovery
        let discovers =
            !discovery.dnsDomain.isEmpty || !discovery.dnsServiceName.isEmpty
            || !discovery.endpoints.isEmpty
        if discovers, !given.contains("initial-cluster") {
            configuration.initialCluster = ""
        }
    }
}
