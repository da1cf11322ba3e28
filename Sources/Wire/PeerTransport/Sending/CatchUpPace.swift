package import NIOCore
package import Raft

/// How fast a member that is far behind gets what it lacks.
///
/// It takes entries as fast as they come, and what it does with them costs cores and a disk that
/// others wait for: the leader itself where they share a machine or a network. So entries that were
/// committed long ago go out with rests in between while the cluster is at work. The rests are the
/// shorter the faster the log grows, and end where a quarter of what is sent comes on top, so that
/// a member always catches up. Where nothing is written there is nobody to spare.
package struct CatchUpPace {
    /// Entries that a member lags behind the committed ones before it is paced. Under load a
    /// healthy member lags by what is under way.
    private static let lagMinimum: UInt64 = 4000
    /// Pieces without a new commit after which the cluster counts as idle.
    private static let idlePieces = 64
    /// What a paced member gets at most.
    private static let bytesPerMillisecond = 32 << 10

    private var commit: UInt64?
    private var piecesWithoutCommit = 0

    package init() {}

    /// The time to wait before the next piece.
    ///
    /// - Parameters:
    ///   - messages: The piece that has just been sent.
    ///   - bytes: Its size.
    package mutating func rest(after messages: [Raft.Message], bytes: Int) -> TimeAmount {
        guard let newest = messages.last(where: { !$0.entries.isEmpty }) else { return .zero }
        let committed = newest.commit.rawValue
        let grown = committed - min(commit ?? committed, committed)
        commit = committed
        piecesWithoutCommit = grown == 0 ? piecesWithoutCommit + 1 : 0
        let reached = newest.index.rawValue + UInt64(newest.entries.count)
        guard committed >= reached + Self.lagMinimum, piecesWithoutCommit < Self.idlePieces
        else { return .zero }
        let sent = messages.reduce(0) { $0 + $1.entries.count }
        let share = 1 - 4 * Double(grown) / Double(sent)
        let milliseconds = Double(bytes) / Double(Self.bytesPerMillisecond) * max(share, 0)
        return .microseconds(Int64(milliseconds * 1000))
    }
}
