import GoText
package import ServerLogging

/// How the process continues after loading its configuration.
package enum LaunchDecision: Sendable {
    case run(ServerConfiguration, ServerLogger)
    /// Print and exit.
    case finish(status: Int32, output: String = "", diagnostics: String = "")
}

/// Loads the configuration from arguments, environment and configuration file.
///
/// In etcd's order: the command line is parsed first (a mistake is a usage error, status 2), then
/// `--version`; then either the configuration file alone is used, or the environment sets flags
/// that the command line does not give; then the whole is validated (a mistake is logged, status
/// 1). The caller prints and exits.
package struct ConfigurationLoader {
    private let arguments: [String]
    let environment: EnvironmentVariables
    /// The log destination until the configured one exists.
    private let makeEarlyDestination: () -> LogDestination

    /// - Parameters:
    ///   - arguments: the command line with the program's path first.
    ///   - environment: `KEY=value` texts.
    package init(
        arguments: [String], environment: [String],
        earlyDestination: @autoclosure @escaping () -> LogDestination = LogDestination()
    ) {
        self.arguments = arguments
        self.environment = EnvironmentVariables(entries: environment)
        makeEarlyDestination = earlyDestination
    }

    package func load() -> LaunchDecision {
        var configuration = ServerConfiguration()
        var configurationFile: String?
        var wantsVersion = false
        let flags: CommandLineFlags
        do throws(CommandLineFlags.Stop) {
            flags = try CommandLineFlags.parse(Array(arguments.dropFirst())) {
                definition, text throws(FlagValueError) in
                try definition.setText(&configuration, text)
                if definition.name == "config-file" { configurationFile = text }
                if definition.name == "version" { wantsVersion = try Bool(flagText: text) }
            }
        } catch {
            return decision(for: error)
        }
        if wantsVersion, flags.positional.isEmpty {
            return .finish(status: 0, output: EtcdVersion.report)
        }
        let early = ServerLogger(destination: makeEarlyDestination())
        if let stray = flags.positional.first {
            return refuse(ConfigurationError("\(stray.goQuoted) is not a valid flag"), early)
        }
        var path = configurationFile ?? ""
        if path.isEmpty { path = environment.value("ETCD_CONFIG_FILE") ?? "" }
        if !path.isEmpty {
            return loadFile(path, early)
        }
        return loadFlags(flags, &configuration, early)
    }

    private func decision(for stop: CommandLineFlags.Stop) -> LaunchDecision {
        switch stop {
        case .helpWanted:
            .finish(status: 0, output: HelpText.usage + HelpText.flags)
        case .wrong(let mistake):
            .finish(status: 2, diagnostics: mistake + "\n" + HelpText.usage)
        }
    }

    private func loadFile(_ path: String, _ early: ServerLogger) -> LaunchDecision {
        var configuration = ServerConfiguration()
        var logger = early
        do throws(ConfigurationError) {
            let root = try ConfigurationFile.load(path: path)
            try ConfigurationFile.apply(root, to: &configuration, logger: early)
            logger = try makeLogger(&configuration, early)
            logger.info(
                "loaded server configuration, other configuration command line flags and "
                    + "environment variables will be ignored if provided", ["path": .string(path)])
            try configuration.validate(logger: logger)
        } catch {
            return refuse(error, logger)
        }
        return announce(configuration, logger)
    }

    private func loadFlags(
        _ flags: CommandLineFlags, _ configuration: inout ServerConfiguration,
        _ early: ServerLogger
    ) -> LaunchDecision {
        var logger = early
        let given = Set(flags.given.map(\.name))
        configuration.explicitlySet = given
        warnOfIgnoredFlags(given, early)
        do throws(ConfigurationError) {
            if let shadowed = try applyEnvironment(&configuration, given: given, early) {
                early.log(
                    .fatal,
                    "conflicting environment variable is shadowed by corresponding command-line "
                        + "flag (either unset environment variable or disable flag))",
                    ["environment-variable": .string(shadowed)])
                early.destination.flush()
                return .finish(status: 1)
            }
            raiseRaftTimeouts(&configuration, early)
            applyDependentDefaults(&configuration)
            if configuration.discovery.fallback == .proxy {
                throw ConfigurationError(
                    "v2 proxy is deprecated, and --discovery-fallback can't be configured as "
                        + "\"proxy\"")
            }
            logger = try makeLogger(&configuration, early)
            try configuration.validate(logger: logger)
        } catch {
            return refuse(error, logger)
        }
        return announce(configuration, logger)
    }

    /// Opens the configured logger.
    private func makeLogger(
        _ configuration: inout ServerConfiguration, _ early: ServerLogger
    ) throws(ConfigurationError) -> ServerLogger {
        let destination = try configuration.logging.makeDestination()
        // Both may write to the same output: flush to keep its lines in order.
        early.destination.flush()
        return ServerLogger(destination: destination)
    }

    private func refuse(_ error: ConfigurationError, _ logger: ServerLogger) -> LaunchDecision {
        logger.info("Running: ", ["args": .strings(SecretFlags.masked(arguments))])
        logger.warn("failed to verify flags", ["error": .string(error.message)])
        if error.message == ServerConfiguration.missingAdvertisedClientURLs {
            logger.warn(
                "advertise client URLs are not set", ["error": .string(error.message)])
        }
        logger.destination.flush()
        return .finish(status: 1)
    }

    private func announce(
        _ loaded: ServerConfiguration, _ logger: ServerLogger
    ) -> LaunchDecision {
        var configuration = loaded
        logger.info("Running: ", ["args": .strings(SecretFlags.masked(arguments))])
        warnOfDeprecatedFlags(configuration, logger)
        configuration.rebuildDefaultInitialCluster()
        if configuration.dataDirectory.isEmpty {
            configuration.dataDirectory = configuration.effectiveDataDirectory
            logger.warn(
                "'data-dir' was empty; using default",
                ["data-dir": .string(configuration.dataDirectory)])
        }
        return .run(configuration, logger)
    }
}
