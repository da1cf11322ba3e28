import ServerLogging
import Bootstrap

/// The value of `--auth-token`: the token type, and options as `key=value`.
struct AuthTokenOptions {
    let type: String

    private static let types = ["simple", "jwt", ""]

    /// Checks the text as etcd does at the start, and logs the mistakes.
    init(_ text: String, logger: ServerLogger) throws(BootstrapError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        type = parts.first ?? ""
        guard Self.areOptionsValid(parts.dropFirst(), of: text, logger) else {
            throw Self.refusal(logger)
        }
        guard Self.types.contains(type) else {
            logger.warn(
                "unknown token type", ["type": .string(type), "error": .string(Self.reason)])
            throw Self.refusal(logger)
        }
    }

    private static let reason = "auth: invalid auth options"

    private static func refusal(_ logger: ServerLogger) -> BootstrapError {
        logger.warn("failed to create token provider", ["error": .string(reason)])
        return BootstrapError(reason)
    }

    private static func areOptionsValid(
        _ options: ArraySlice<String>, of text: String, _ logger: ServerLogger
    ) -> Bool {
        var keys: Set<String> = []
        for option in options {
            let pair = option.split(separator: "=", omittingEmptySubsequences: false)
            guard pair.count == 2 else {
                logger.error("invalid token option", ["option": .string(text)])
                return false
            }
            guard keys.insert(String(pair[0])).inserted else {
                logger.error(
                    "invalid token option",
                    ["option": .string(text), "duplicate-parameter": .string(String(pair[0]))])
                return false
            }
        }
        return true
    }
}
