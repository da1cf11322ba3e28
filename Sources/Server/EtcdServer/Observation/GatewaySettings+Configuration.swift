package import Gateway

extension GatewaySettings {
    /// The HTTP side as the operator has chosen it.
    ///
    /// - Parameter arguments: the process' command line, for `/debug/vars`.
    package init(_ configuration: ServerConfiguration, arguments: [String]) {
        self.init()
        allowedOrigins = configuration.cors.allowsAll ? ["*"] : Set(configuration.cors.origins)
        hostWhitelist = Set(configuration.hostWhitelist.values.filter { !$0.isEmpty })
        isJSONGatewayEnabled = configuration.enableGRPCGateway
        bodyMaximumBytes = Int(clamping: configuration.requestBytesMax).saturatingAdd(512 * 1024)
        healthTimeoutMilliseconds = configuration.requestTimeout.nanosecondsClamped / 1_000_000
        commandLine = arguments
    }
}

extension Int {
    /// The sum, at most the greatest number.
    fileprivate func saturatingAdd(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension MetricRegistry {
    /// Shows what is known of a member before it runs.
    package func setStartupFacts(_ configuration: ServerConfiguration, version: String) {
        setStartupFacts(
            version: version, toolchain: "swift", quotaBytes: nil,
            featureGates: FeatureGate.allCases.map {
                ($0.rawValue, $0.stage.rawValue, configuration.featureGates.isEnabled($0))
            })
    }
}
