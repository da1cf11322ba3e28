extension Duration {
    /// Whole nanoseconds, rounded towards zero and clamped to 64 bits.
    package var nanoseconds: Int64 { whole(unitsPerSecond: 1_000_000_000) }

    /// Whole milliseconds, rounded towards zero and clamped to 64 bits.
    package var milliseconds: Int64 { whole(unitsPerSecond: 1000) }

    private func whole(unitsPerSecond: Int64) -> Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: unitsPerSecond)
        let fraction = attoseconds / (1_000_000_000_000_000_000 / unitsPerSecond)
        let (sum, sumOverflow) = product.addingReportingOverflow(fraction)
        guard !overflow, !sumOverflow else { return seconds < 0 ? .min : .max }
        return sum
    }
}
