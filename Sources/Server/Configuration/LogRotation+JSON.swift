package import ServerLogging

/// The value of `--log-rotation-config-json`.
extension LogRotation {
    private static let megabyte = 1_048_576
    private static let defaultSizeMegabytes = 100

    /// Reads the JSON text of the flag; unknown keys are ignored, keys are case-insensitive.
    package init(json: String) throws(ConfigurationError) {
        let entries: [ConfigurationNode.Entry]
        do {
            guard let parsed = try ConfigurationParser.parseFlow(json).entries else {
                throw ConfigurationError("invalid log rotation config: not a JSON object")
            }
            entries = parsed
        } catch let error as ConfigurationSyntaxError {
            throw ConfigurationError("improperly formatted log rotation config: \(error.reason)")
        } catch {
            throw ConfigurationError("\(error)")
        }
        let megabytes = try Self.read("maxsize", from: entries, default: 0)
        let size = megabytes == 0 ? Self.defaultSizeMegabytes : megabytes
        let (bytes, overflow) = size.multipliedReportingOverflow(by: Self.megabyte)
        let sizeBytesMax = overflow ? Int.max : bytes
        let ageDaysMax = try Self.read("maxage", from: entries, default: 0)
        let filesMax = try Self.read("maxbackups", from: entries, default: 0)
        let usesLocalTime = try Self.read("localtime", from: entries, default: false)
        let compresses = try Self.read("compress", from: entries, default: false)
        if size < 0 || ageDaysMax < 0 || filesMax < 0 {
            throw ConfigurationError("invalid log rotation config: negative limit")
        }
        self.init(
            sizeBytesMax: sizeBytesMax, ageDaysMax: ageDaysMax, filesMax: filesMax,
            usesLocalTime: usesLocalTime, compresses: compresses)
    }

    private static func read<Value: FlagValue>(
        _ key: String, from entries: [ConfigurationNode.Entry], default standard: Value
    ) throws(ConfigurationError) -> Value {
        let entry = entries.last { $0.key.lowercased() == key }
        guard let node = entry?.value, node != .null else { return standard }
        do {
            return try Value(fileNode: node)
        } catch {
            throw ConfigurationError("invalid log rotation config: \(key) \(error.message)")
        }
    }
}
