/// Decides which traces are recorded: those that the caller records, and of those that begin here a
/// part. The part follows from the trace ID, so that all members decide alike.
package struct TraceSampler: Sendable {
    private static let million: UInt64 = 1_000_000

    /// Traces with a smaller number are recorded.
    private let bound: UInt64

    /// - Parameter perMillion: 0 to 1,000,000.
    package init(perMillion: Int) {
        let part = UInt64(min(max(perMillion, 0), Int(Self.million)))
        let product = part.multipliedFullWidth(by: 1 << 63)
        bound = Self.million.dividingFullWidth(product).quotient
    }

    /// Whether a trace that begins with this ID is recorded.
    package func samples(_ traceID: TraceID) -> Bool { traceID.low >> 1 < bound }
}
