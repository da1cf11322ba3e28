/// What is told of a unary call that took long.
package struct GRPCSlowCall: Sendable {
    /// `/service/method`.
    package let path: String
    package let remote: String
    package let milliseconds: Int64
    package let requestBytes: Int
    package let responseBytes: Int
}
