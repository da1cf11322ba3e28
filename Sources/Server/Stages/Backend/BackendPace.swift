/// How long work on the database that nobody waits for rests after each piece, so that entries that
/// are applied meanwhile find disk and processor free most of the time.
struct BackendPace {
    /// Rests are so many times as long as the piece took.
    private static let restFactor: Int64 = 4
    /// On a slow disk a piece takes longer than the longest rest: there the work goes on nearly as
    /// fast as without any, and a compaction keeps up with what is written.
    private static let restMaximumMilliseconds: Int64 = 20

    private var applied: UInt64?

    /// Milliseconds to rest after a piece; none where nothing was applied since the last one: then
    /// there is nobody to spare.
    ///
    /// - Parameters:
    ///   - nanoseconds: What the piece took.
    ///   - index: Index of the last applied entry.
    mutating func rest(after nanoseconds: Int64, applied index: UInt64) -> Int64 {
        defer { applied = index }
        guard applied != index else { return 0 }
        return min(nanoseconds * Self.restFactor / 1_000_000, Self.restMaximumMilliseconds)
    }
}
