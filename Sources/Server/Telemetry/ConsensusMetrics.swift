import Prometheus
import HTTPServices
import Raft
import Synchronization

/// Metrics of consensus, updated by the consensus thread.
final class ConsensusMetrics: Sendable {
    let leasesExpired: CounterSeries
    let proposalsFailed: CounterSeries
    let readsFailed: CounterSeries
    /// ReadIndex batches that were not confirmed in time.
    let slowReads: CounterSeries
    let heartbeatsLate: CounterSeries
    private let hasLeader: GaugeSeries
    private let isLeader: GaugeSeries
    private let leaderChanges: CounterSeries
    private let last = Mutex(SoftState(leader: nil, role: .follower))

    init(registry: MetricRegistry) {
        leasesExpired = registry.counter("etcd_debugging_server_lease_expired_total")
        proposalsFailed = registry.counter("etcd_server_proposals_failed_total")
        readsFailed = registry.counter("etcd_server_read_indexes_failed_total")
        slowReads = registry.counter("etcd_server_slow_read_indexes_total")
        heartbeatsLate = registry.counter("etcd_server_heartbeat_send_failures_total")
        hasLeader = registry.gauge("etcd_server_has_leader")
        isLeader = registry.gauge("etcd_server_is_leader")
        leaderChanges = registry.counter("etcd_server_leader_changes_seen_total")
    }

    /// Records the new state.
    ///
    /// - Returns: the previous state.
    func record(_ state: SoftState) -> SoftState {
        let previous = last.withLock { last in
            defer { last = state }
            return last
        }
        hasLeader.set(state.leader != nil)
        isLeader.set(state.role == .leader)
        if state.leader != nil, state.leader != previous.leader { leaderChanges.increment() }
        return previous
    }
}
