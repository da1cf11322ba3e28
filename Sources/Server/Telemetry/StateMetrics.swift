import Auth
import Identifiers
import Prometheus
import HTTPServices
import Membership
import StateMachine
import Synchronization

/// Metrics of state that the apply thread owns: members, alarms, the cluster version.
final class StateMetrics: Sendable {
    private let registry: MetricRegistry
    private let ownID: String
    private let isLearner: GaugeSeries
    private let authRevision: GaugeSeries
    private let store: StoreMetrics
    private let shown = Mutex(Shown())

    /// The series that exist, so that those of removed members and alarms are set to 0.
    private struct Shown {
        var alarms: Set<[String]> = []
        var members: Set<String> = []
        var version: String?
    }

    init(registry: MetricRegistry, memberID: MemberID) {
        self.registry = registry
        ownID = memberID.description
        isLearner = registry.gauge("etcd_server_is_learner")
        authRevision = registry.gauge("etcd_debugging_auth_revision")
        store = StoreMetrics(registry)
    }

    /// Shows the current state. Called on the apply thread.
    func show(
        _ state: StateMachine, watchers: (streams: Int, watchers: Int, unsynced: Int),
        isLearner: Bool
    ) {
        store.show(state.store, watchers)
        self.isLearner.set(isLearner)
        authRevision.set(Int64(clamping: state.auth.revision))
        shown.withLock { shown in
            showAlarms(state.alarms.list(.none), &shown)
            showMembers(state.membership.members.map { $0.id.description }, &shown)
            showVersion(state.membership.version, &shown)
        }
    }

    private func showAlarms(_ alarms: [Alarm], _ shown: inout Shown) {
        let active = Set(alarms.map { [$0.member.description, $0.type.name] })
        shown.alarms.formUnion(active)
        for labels in shown.alarms {
            registry.gauge("etcd_debugging_server_alarms", labelValues: labels)
                .set(active.contains(labels))
        }
    }

    private func showMembers(_ members: [String], _ shown: inout Shown) {
        shown.members.formUnion(members)
        for member in shown.members {
            registry.gauge("etcd_network_known_peers", ownID, member)
                .set(members.contains(member))
        }
    }

    private func showVersion(_ version: SemanticVersion?, _ shown: inout Shown) {
        guard let text = version?.majorMinor, text != shown.version else { return }
        registry.setInfo("etcd_cluster_version", text)
        shown.version = text
    }
}
