import EtcdAPI
import Identifiers
import MemberRuntime

/// Automatic compaction (`--auto-compaction-mode`): of revisions older than a period, or beyond a
/// number of revisions. Only the leader compacts.
struct AutoCompactor: Sendable {
    private let server: Server
    private let mode: Mode

    private enum Mode {
        case periodic(Duration)
        case revision(Int64)
    }

    /// The interval of the revision mode.
    private static let revisionInterval = Duration.seconds(300)

    /// nil when automatic compaction is disabled.
    init?(_ server: Server) {
        self.server = server
        switch try? server.configuration.autoCompaction() {
        case .periodic(let period): mode = .periodic(period)
        case .revision(let retention): mode = .revision(retention)
        case .disabled, nil: return nil
        }
    }

    func run() async {
        switch mode {
        case .periodic(let period): await compactPeriodically(period)
        case .revision(let retention): await compactByRevision(retention)
        }
    }

    /// Samples the revision ten times in each interval and compacts to the sample one period old.
    private func compactPeriodically(_ period: Duration) async {
        let interval = min(period, .seconds(3600))
        let step = interval / 10
        let samplesMax = max(Int(period / step), 1)
        var samples: [Revision] = []
        var stepsSinceCompaction = 10
        while (try? await Task.sleep(for: step)) != nil {
            samples.append(server.runtime.store.revisions.current)
            stepsSinceCompaction += 1
            guard samples.count > samplesMax else { continue }
            let revision = samples.removeFirst()
            guard stepsSinceCompaction >= 10, server.runtime.replicaStatus.isLeader else {
                continue
            }
            if compact(to: revision) { stepsSinceCompaction = 0 }
        }
    }

    private func compactByRevision(_ retention: Int64) async {
        var last = Revision.zero
        while (try? await Task.sleep(for: Self.revisionInterval)) != nil {
            let revision = server.runtime.store.revisions.current - Int(retention)
            guard revision > .zero, revision != last, server.runtime.replicaStatus.isLeader else {
                continue
            }
            if compact(to: revision) { last = revision }
        }
    }

    private func compact(to revision: Revision) -> Bool {
        guard revision > server.runtime.store.revisions.compacted else { return false }
        server.logger.info("starting auto compaction", ["revision": .integer(revision.rawValue)])
        server.runtime.proposeOwn(
            field: InternalRaftRequest.Field.compaction,
            payload: CompactionRequest(revision: revision.rawValue).encoded())
        return true
    }
}
