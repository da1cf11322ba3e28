import Identifiers

/// How long background work on the database rests after each slice, so that applying entries finds
/// disk and processor free most of the time.
struct BackendPace {
    /// A rest is so many times as long as the slice took.
    private static let restFactor: Int64 = 4
    /// On a slow disk a slice takes longer than the longest rest: there the work proceeds nearly as
    /// fast as without any, and a compaction keeps up with what is written.
    private static let restMillisecondsMax: Int64 = 20

    private var applied: LogIndex?

    /// Milliseconds to rest after a slice; none if nothing was applied since the last one: then no
    /// other work would benefit.
    ///
    /// - Parameters:
    ///   - nanoseconds: What the slice took.
    ///   - index: Index of the last applied entry.
    mutating func rest(after nanoseconds: Int64, applied index: LogIndex) -> Int64 {
        defer { applied = index }
        guard applied != index else { return 0 }
        return min(nanoseconds * Self.restFactor / 1_000_000, Self.restMillisecondsMax)
    }
}
