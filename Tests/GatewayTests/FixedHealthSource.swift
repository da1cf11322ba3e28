import EtcdAPI
import Gateway
import Synchronization

/// A member whose condition the test decides.
final class FixedHealthSource: HealthSource {
    struct Condition {
        var hasLeader = true
        var report = HealthReport()
        var linearizableError: EtcdError?
        var serializableError: EtcdError?
        /// Linearizable reads are never answered.
        var isStuck = false
    }

    let condition = Mutex(Condition())

    func change(_ body: (inout Condition) -> Void) { condition.withLock { body(&$0) } }

    var hasLeader: Bool { condition.withLock { $0.hasLeader } }

    var raftStatus: RaftReport {
        var report = RaftReport()
        report.id = 0x8e9e_05c5_2164_694d
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
        let now = condition.withLock { condition in
            (
                isStuck: condition.isStuck && isLinearizable,
                error: isLinearizable ? condition.linearizableError : condition.serializableError
            )
        }
        if !now.isStuck { completion(now.error) }
    }
}
