import Identifiers
package import MonotonicClock
package import Raft

/// Paces the entries sent to a member that lags far behind.
///
/// A lagging member handles entries as fast as they arrive, which takes CPU and disk time from
/// other work, even from the leader if they share a machine or a network. So entries that were
/// committed long ago are sent with delays in between while the cluster is busy. The faster the log
/// grows, the shorter the delays are; there are none once the log grows by a quarter of what is
/// sent, so that the member always catches up. In an idle cluster there are no delays.
package struct CatchUpPace {
    /// Number of committed entries that a member must lack to be paced. Under load a healthy member
    /// lacks the entries in flight.
    private static let lagMin = 4000
    /// Chunks without a new commit after which the cluster counts as idle.
    private static let idleChunks = 64
    /// Rate limit of a paced member.
    private static let bytesPerMillisecond = 32 << 10

    private var commit: LogIndex?
    private var chunksWithoutCommit = 0

    package init() {}

    /// The delay before the next chunk.
    ///
    /// - Parameters:
    ///   - messages: The chunk that has just been sent.
    ///   - bytes: Its size.
    package mutating func delay(after messages: [Raft.Message], bytes: Int) -> TimeSpan {
        guard let newest = messages.last(where: { !$0.entries.isEmpty }) else { return .zero }
        let committed = newest.commit
        let grown = committed - min(commit ?? committed, committed)
        commit = committed
        chunksWithoutCommit = grown == 0 ? chunksWithoutCommit + 1 : 0
        let reached = newest.index + newest.entries.count
        guard committed >= reached + Self.lagMin, chunksWithoutCommit < Self.idleChunks
        else { return .zero }
        let sent = messages.reduce(0) { $0 + $1.entries.count }
        let share = 1 - 4 * Double(grown) / Double(sent)
        let milliseconds = Double(bytes) / Double(Self.bytesPerMillisecond) * max(share, 0)
        return .microseconds(Int64(milliseconds * 1000))
    }
}
