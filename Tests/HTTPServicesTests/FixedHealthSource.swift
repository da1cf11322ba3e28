import EtcdAPI
import HTTPServices
import Identifiers
import Synchronization

/// A health source with a condition set by the test.
final class FixedHealthSource: HealthSource {
    struct Condition {
        var hasLeader = true
        var report = HealthReport()
        var linearizableError: EtcdError?
        var serializableError: EtcdError?
        /// Linearizable reads never complete.
        var isStuck = false
    }

    let condition = Mutex(Condition())

    func change(_ body: (inout Condition) -> Void) { condition.withLock { body(&$0) } }

    var hasLeader: Bool { condition.withLock { $0.hasLeader } }

    var raftStatus: RaftReport {
        var report = RaftReport()
        report.id = MemberID(0x8e9e_05c5_2164_694d)
        report.term = 2
        report.commitIndex = 4
        report.appliedIndex = 4
        report.leader = report.id
        report.state = "StateLeader"
        report.progress = [.init(id: report.id, match: 4, next: 5, state: "StateReplicate")]
        return report
    }

    func report(_ completion: @escaping @Sendable (HealthReport) -> Void) {
        completion(condition.withLock { $0.report })
    }

    func read(isLinearizable: Bool, _ completion: @escaping @Sendable (EtcdError?) -> Void) {
        let current = condition.withLock { condition in
            (
                isStuck: condition.isStuck && isLinearizable,
                error: isLinearizable ? condition.linearizableError : condition.serializableError
            )
        }
        if !current.isStuck { completion(current.error) }
    }
}
