/// When a log file is set aside, from `--log-rotation-config-json`.
struct LogRotation: Equatable {
    private static let megabyte = 1_048_576
    private static let defaultSizeMegabytes = 100

    /// Size in bytes that a file does not pass.
    let sizeBytesMax: Int
    /// Days that old files are kept; 0 for ever.
    let ageDaysMax: Int
    /// Old files that are kept; 0 for all.
    let filesMax: Int
    /// Whether the names of old files bear local time.
    let usesLocalTime: Bool
    let compresses: Bool

    /// Reads the JSON text of the flag; unknown keys are ignored, key case does not count.
    init(json: String) throws(ConfigurationError) {
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
        sizeBytesMax = overflow ? Int.max : bytes
        ageDaysMax = try Self.read("maxage", from: entries, default: 0)
        filesMax = try Self.read("maxbackups", from: entries, default: 0)
        usesLocalTime = try Self.read("localtime", from: entries, default: false)
        compresses = try Self.read("compress", from: entries, default: false)
        if size < 0 || ageDaysMax < 0 || filesMax < 0 {
            throw ConfigurationError("invalid log rotation config: negative limit")
        }
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
