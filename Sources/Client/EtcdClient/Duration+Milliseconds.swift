extension Duration {
    /// Whole milliseconds, rounded up and limited to what 64 bits hold.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let rest = attoseconds / 1_000_000_000_000_000
        let isRounded = attoseconds % 1_000_000_000_000_000 > 0
        let (sum, sumOverflow) = product.addingReportingOverflow(rest + (isRounded ? 1 : 0))
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
