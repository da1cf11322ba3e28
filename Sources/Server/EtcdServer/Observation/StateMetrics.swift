import Gateway
import Membership
import Raft
import StateMachine
import Synchronization

/// Metrics of what the apply thread owns: members, alarms, the cluster's version.
final class StateMetrics: Sendable {
    private let registry: MetricRegistry
    private let ownID: String
    private let isLearner: GaugeSeries
    private let shown = Mutex(Shown())

    /// What series exist, so that those of things that are gone fall to 0.
    private struct Shown {
        var alarms: Set<[String]> = []
        var members: Set<String> = []
        var version: String?
    }

    init(registry: MetricRegistry, memberID: Raft.MemberID) {
        self.registry = registry
        ownID = String(memberID.rawValue, radix: 16)
        isLearner = registry.gauge("etcd_server_is_learner")
    }

    /// Takes over the present state. Called on the apply thread.
    func show(_ state: StateMachine, isLearner: Bool) {
        self.isLearner.set(isLearner)
        shown.withLock { shown in
            showAlarms(state.alarms.list(.none), &shown)
            showMembers(state.membership.members.map { Self.hex($0.id.rawValue) }, &shown)
            showVersion(state.membership.version, &shown)
        }
    }

    private func showAlarms(_ alarms: [Alarm], _ shown: inout Shown) {
        let active = Set(alarms.map { [Self.hex($0.member.rawValue), $0.type.name] })
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

    private static func hex(_ id: UInt64) -> String { String(id, radix: 16) }
}
