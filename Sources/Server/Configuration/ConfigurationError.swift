/// Why a configuration is invalid; the message is for the operator.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let message: String

    package init(_ message: String) {
        self.message = message
    }

    package var description: String { message }
}
