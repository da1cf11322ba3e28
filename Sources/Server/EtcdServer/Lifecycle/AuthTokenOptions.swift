import ServerLogging

/// The value of `--auth-token`: the token type, and options as `key=value`.
struct AuthTokenOptions {
    let type: String
    let values: [String: String]

    /// What etcd says about most mistakes; the log has the reason.
    static let reason = "auth: invalid auth options"

    /// - Returns: nil for a text that etcd refuses, after logging the mistake.
    init?(_ text: String, logger: ServerLogger) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        type = parts.first ?? ""
        var values: [String: String] = [:]
        for option in parts.dropFirst() {
            let pair = option.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2 else {
                logger.error("invalid token option", ["option": .string(text)])
                return nil
            }
            let key = String(pair[0])
            guard values.updateValue(String(pair[1]), forKey: key) == nil else {
                logger.error(
                    "invalid token option",
                    ["option": .string(text), "duplicate-parameter": .string(key)])
                return nil
            }
        }
        self.values = values
    }

    /// The value of an option; nil if it is not given or empty, which is the same.
    subscript(_ key: String) -> String? {
        values[key].flatMap { $0.isEmpty ? nil : $0 }
    }
}
