import Identifiers
import MonotonicClock

/// How long background work on the database rests after each slice, so that applying entries finds
/// disk and processor free most of the time.
struct BackendPace {
    /// A rest is so many times as long as the slice took.
    private static let restFactor: Int64 = 4
    /// On a slow disk a slice takes longer than the longest rest: there the work proceeds nearly as
    /// fast as without any, and a compaction keeps up with what is written.
    private static let restMax = TimeSpan.milliseconds(20)

    private var applied: LogIndex?

    /// Time to rest after a slice, in whole milliseconds; none if nothing was applied since the last one: then no
    /// other work would benefit.
    ///
    /// - Parameters:
    ///   - span: what the slice took.
    ///   - index: index of the last applied entry.
    mutating func rest(after span: TimeSpan, applied index: LogIndex) -> TimeSpan {
        defer { applied = index }
        guard applied != index else { return .zero }
        return min(.milliseconds((span * Self.restFactor).milliseconds), Self.restMax)
    }
}
