/// What is told of a unary call that took long.
package struct GRPCSlowCall: Sendable {
    /// `/service/method`.
    package let path: String
    package let remote: String
    package let milliseconds: Int64
    package let responseBytes: Int
    package let request: GRPCRequestDescription
}

/// A request as a log tells of it; what the server cannot tell is -1 or empty.
package struct GRPCRequestDescription: Sendable, Equatable {
    package var count: Int64 = -1
    package var sizeBytes = -1
    package var content = ""
    /// How many things the answer holds.
    package var responseCount: Int64 = -1

    package init() {}
}
