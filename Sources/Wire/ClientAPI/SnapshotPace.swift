package import NIOCore

/// How fast the database goes out as a snapshot while the member has other work.
///
/// Whoever takes a snapshot takes it as fast as it comes, and reading, digesting and sending it
/// keeps one core busy, on the same machine the receiver another: then everybody's requests wait
/// for a core. So the pieces go out with rests in between while entries are applied. Where nothing
/// is applied there is nobody to spare.
package struct SnapshotPace: Sendable {
    /// Bytes that go out before there is a rest: fewer would cost a wake-up each.
    private static let burstBytes = 128 << 10
    /// What goes out at most while entries are applied.
    private static let bytesPerMillisecond = 128 << 10
    /// Bursts without anything applied after which the member counts as idle.
    private static let idleBursts = 64

    private var burst = 0
    private var applied: UInt64?
    private var burstsWithoutWork = 0

    package init() {}

    /// The time to wait before the next piece.
    ///
    /// - Parameters:
    ///   - bytes: Size of the piece that has just gone out.
    ///   - index: Index of the last applied entry.
    package mutating func rest(afterBytes bytes: Int, applied index: UInt64) -> TimeAmount {
        burst += bytes
        guard burst >= Self.burstBytes else { return .zero }
        defer { burst = 0 }
        burstsWithoutWork = applied == index ? burstsWithoutWork + 1 : 0
        applied = index
        guard burstsWithoutWork < Self.idleBursts else { return .zero }
        return .microseconds(Int64(burst * 1000 / Self.bytesPerMillisecond))
    }
}
