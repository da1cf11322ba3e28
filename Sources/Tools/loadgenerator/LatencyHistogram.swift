internal import MonotonicClock

/// A histogram of latencies with buckets at most 1/64 of their value wide.
///
/// A bucket is given by the octave of the nanoseconds and the six bits after the leading one, so
/// recording is a shift and an increment, and percentiles have an error of at most 1.6 %.
struct LatencyHistogram: Sendable {
    private static let subBits = 6
    private static let bucketCount = (64 - subBits + 1) << subBits

    private var counts = [UInt64](repeating: 0, count: bucketCount)
    private(set) var count: UInt64 = 0
    private(set) var latencyMax = TimeSpan.zero
    private var sum = TimeSpan.zero

    mutating func record(_ latency: TimeSpan) {
        counts[Self.bucket(of: UInt64(clamping: latency.nanoseconds))] += 1
        count += 1
        sum = sum + latency
        latencyMax = max(latencyMax, latency)
    }

    mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        sum = sum + other.sum
        latencyMax = max(latencyMax, other.latencyMax)
    }

    /// Upper bound of the bucket that contains the percentile `fraction`.
    func percentile(_ fraction: Double) -> TimeSpan {
        guard count > 0 else { return .zero }
        let wanted = max(1, UInt64((Double(count) * fraction).rounded(.up)))
        var seen: UInt64 = 0
        for (index, number) in counts.enumerated() {
            seen += number
            guard seen >= wanted else { continue }
            return min(.nanoseconds(Int64(clamping: Self.upperEnd(of: index))), latencyMax)
        }
        return latencyMax
    }

    var mean: TimeSpan {
        guard count > 0 else { return .zero }
        return .nanoseconds(Int64((Double(sum.nanoseconds) / Double(count)).rounded()))
    }

    private static func bucket(of value: UInt64) -> Int {
        guard value >= 1 << subBits else { return Int(value) }
        let octave = 63 - value.leadingZeroBitCount - subBits
        let sub = Int(value >> UInt64(octave)) - (1 << subBits)
        return ((octave + 1) << subBits) + sub
    }

    private static func upperEnd(of index: Int) -> UInt64 {
        guard index >= 1 << subBits else { return UInt64(index) }
        let octave = (index >> subBits) - 1
        let sub = UInt64(index & ((1 << subBits) - 1)) + (1 << UInt64(subBits))
        return ((sub + 1) << UInt64(octave)) &- 1
    }
}
