package import MonotonicClock

/// A slow unary call, to be logged.
package struct GRPCSlowCall: Sendable {
    /// `/service/method`.
    package let path: String
    package let remote: String
    package let time: TimeSpan
    package let responseBytes: Int
    package let request: GRPCRequestDescription
}

/// A request as it is logged; unknown values are -1 or empty.
package struct GRPCRequestDescription: Sendable, Equatable {
    package var count: Int64 = -1
    package var sizeBytes = -1
    package var content = ""
    /// Number of items in the response.
    package var responseCount: Int64 = -1

    package init() {}
}
