package import Identifiers
package import MonotonicClock

/// Rate limit of a snapshot while the member has other work.
///
/// A client reads a snapshot as fast as possible. Reading, hashing and sending it occupies one
/// core, and on the same machine the client occupies another, so that other requests wait for a
/// core. Therefore the pieces are sent with pauses between them while entries are applied, and
/// without pauses while the member is idle.
package struct SnapshotPace: Sendable {
    /// Bytes sent between two pauses; each pause costs a wake-up.
    private static let burstBytes = 128 << 10
    /// The maximum rate while entries are applied.
    private static let bytesPerMillisecond = 128 << 10
    /// Bursts without an applied entry after which the member counts as idle.
    private static let idleBursts = 64

    private var burst = 0
    private var applied: LogIndex?
    private var burstsWithoutWork = 0

    package init() {}

    /// The pause before the next piece.
    ///
    /// - Parameters:
    ///   - bytes: Size of the piece that was just sent.
    ///   - index: Index of the last applied entry.
    package mutating func rest(afterBytes bytes: Int, applied index: LogIndex) -> TimeSpan {
        burst += bytes
        guard burst >= Self.burstBytes else { return .zero }
        defer { burst = 0 }
        burstsWithoutWork = applied == index ? burstsWithoutWork + 1 : 0
        applied = index
        guard burstsWithoutWork < Self.idleBursts else { return .zero }
        return .microseconds(Int64(burst * 1000 / Self.bytesPerMillisecond))
    }
}
