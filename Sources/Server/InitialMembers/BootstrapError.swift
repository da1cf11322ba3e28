/// Why a member cannot start; the text is for the operator.
package struct BootstrapError: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
