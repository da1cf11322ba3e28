/// Counts of latencies in buckets that are at most 1/64 of their value wide.
///
/// Values are nanoseconds. A bucket is an octave and the six bits behind the leading one, so
/// recording is a shift and an increment, and a percentile is wrong by 1.6 % at most.
struct LatencyHistogram: Sendable {
    private static let subBits = 6
    private static let bucketCount = (64 - subBits + 1) << subBits

    private var counts = [UInt64](repeating: 0, count: bucketCount)
    private(set) var count: UInt64 = 0
    private(set) var maxNanoseconds: UInt64 = 0
    private var sumNanoseconds: UInt64 = 0

    mutating func record(nanoseconds: UInt64) {
        counts[Self.bucket(of: nanoseconds)] += 1
        count += 1
        sumNanoseconds &+= nanoseconds
        maxNanoseconds = max(maxNanoseconds, nanoseconds)
    }

    mutating func merge(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        sumNanoseconds &+= other.sumNanoseconds
        maxNanoseconds = max(maxNanoseconds, other.maxNanoseconds)
    }

    /// Upper end of the bucket in which `fraction` of all values is reached.
    func percentile(_ fraction: Double) -> UInt64 {
        guard count > 0 else { return 0 }
        let wanted = max(1, UInt64((Double(count) * fraction).rounded(.up)))
        var seen: UInt64 = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return min(Self.upperEnd(of: index), maxNanoseconds) }
        }
        return maxNanoseconds
    }

    var meanNanoseconds: Double {
        count == 0 ? 0 : Double(sumNanoseconds) / Double(count)
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
