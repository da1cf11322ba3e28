package import Prometheus
package import GRPC
package import HTTPServices
import Glibc
import MVCC
import Membership
package import NIOCore
import Raft
package import MemberRuntime
import StateMachine
import Synchronization

/// Metrics that are read from the member at a scrape.
///
/// Values that any thread may read are read while the text is rendered. State that a thread owns
/// (calls: the event loops; store, members and alarms: the apply thread) is fetched by `refresh`
/// before: a scrape takes no lock that a writer of the store waits for.
package final class RuntimeScrape: Sendable {
    private let runtime: MemberRuntime
    private let registry: MetricRegistry
    private let calls: CallMetrics
    private let state: StateMetrics

    /// The longest wait of a scrape for the apply thread; older values are shown after it.
    private static let stateTimeout = TimeAmount.seconds(2)

    package init(runtime: MemberRuntime, server: GRPCServer, registry: MetricRegistry) {
        self.runtime = runtime
        self.registry = registry
        calls = CallMetrics(server: server, registry: registry)
        state = StateMetrics(registry: registry, memberID: runtime.replicaStatus.id)
        createInitialSeries()
        addConsensusMetrics()
        addDatabaseMetrics()
    }

    /// Fetches the state that threads own; the `beforeScrape` of `HTTPService`.
    package func refresh(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let state = refreshState(on: eventLoop)
        return calls.refresh(on: eventLoop).and(state).map { _ in }
    }

    /// Series that dashboards expect from the start, before the first request.
    private func createInitialSeries() {
        for success in ["true", "false"] {
            _ = registry.histogram("etcd_server_range_duration_seconds", success)
            _ = registry.histogram("etcd_server_request_duration_seconds", "Range", success)
        }
    }

    private func addConsensusMetrics() {
        let runtime = self.runtime
        registry.readOnScrape("etcd_server_proposals_applied_total") {
            Double(runtime.applied.rawValue)
        }
        registry.readOnScrape("etcd_server_proposals_pending") {
            Double(runtime.pendingProposals)
        }
        registry.readOnScrape("etcd_server_proposals_committed_total") {
            Double(runtime.replicaStatus.commitIndex.rawValue)
        }
        registry.gauge("etcd_server_quota_backend_bytes").set(runtime.quotaBytes)
    }

    private func addDatabaseMetrics() {
        let bolt = runtime.bolt
        registry.readOnScrape("etcd_mvcc_db_total_size_in_bytes") { Double(bolt.sizeBytes) }
        registry.readOnScrape("etcd_mvcc_db_total_size_in_use_in_bytes") {
            Double(bolt.sizeInUseBytes)
        }
        registry.readOnScrape("etcd_server_db_disk_bytes") {
            var status = stat()
            guard stat(bolt.path, &status) == 0 else { return 0 }
            return Double(status.st_blocks * 512)
        }
        registry.readOnScrape("etcd_mvcc_db_open_read_transactions") {
            Double(bolt.openReaderCount)
        }
    }

    private func refreshState(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        let once = Once(promise)
        let timer = eventLoop.scheduleTask(in: Self.stateTimeout) { once.complete() }
        runtime.onState { [metrics = state, runtime] state in
            metrics.show(
                state, watchers: runtime.watchers.counts, isLearner: runtime.isLearner)
            timer.cancel()
            once.complete()
        }
        return promise.futureResult
    }

    /// Completes a promise at the first of several calls.
    private final class Once: Sendable {
        private let isDone = Atomic<Bool>(false)
        private let promise: EventLoopPromise<Void>

        init(_ promise: EventLoopPromise<Void>) { self.promise = promise }

        func complete() {
            if !isDone.exchange(true, ordering: .relaxed) { promise.succeed(()) }
        }
    }
}
