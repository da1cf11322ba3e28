/// Samples repeated log lines: of equal level and message, the first 100 of each second are
/// written, then every hundredth.
///
/// Counters are found by hash, so two messages may share one; memory is fixed.
struct LogSampler {
    static let first: UInt32 = 100
    static let thereafter: UInt32 = 100
    private static let counterCount = 1_024

    private var counters = [(second: Int64, count: UInt32)](
        repeating: (0, 0), count: counterCount)

    /// Whether a line with this message at this time is written.
    mutating func admits(level: LogLevel, message: String, timeMicroseconds: Int64) -> Bool {
        let second = timeMicroseconds / 1_000_000
        let index = Int(Self.hash(level, message) % UInt64(Self.counterCount))
        if counters[index].second != second { counters[index] = (second, 0) }
        counters[index].count &+= 1
        let count = counters[index].count
        return count <= Self.first || (count - Self.first) % Self.thereafter == 0
    }

    /// FNV-1a over the level and the message.
    private static func hash(_ level: LogLevel, _ message: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in level.rawValue.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for byte in message.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return hash
    }
}
