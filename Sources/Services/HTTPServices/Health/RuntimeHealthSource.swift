package import EtcdAPI
import Membership
import Raft
package import MemberRuntime
package import Stages
import StateMachine
import Synchronization

/// The health source of a running member.
package final class RuntimeHealthSource: HealthSource, CompletionReceiver {
    private let runtime: MemberRuntime
    private let pending = Mutex(PendingReads())

    /// Pending reads by their token.
    private struct PendingReads {
        var nextToken: UInt64 = 0
        var handlers: [UInt64: @Sendable (EtcdError?) -> Void] = [:]
    }

    package init(runtime: MemberRuntime) {
        self.runtime = runtime
    }

    package var hasLeader: Bool { runtime.replicaStatus.leader != nil }

    package var raftStatus: RaftReport {
        let status = runtime.replicaStatus
        var report = RaftReport()
        report.id = status.id
        report.term = status.term
        report.commitIndex = status.commitIndex
        report.appliedIndex = runtime.applied
        report.leader = status.leader ?? .none
        report.state =
            switch status.role {
            case .follower: "StateFollower"
            case .preCandidate: "StatePreCandidate"
            case .candidate: "StateCandidate"
            case .leader: "StateLeader"
            }
        report.vote = status.vote
        if status.isLeader { report.progress = Self.progress(status) }
        return report
    }

    /// The leader's progress of all members including itself.
    private static func progress(_ status: ReplicaStatus) -> [RaftReport.Progress] {
        let last = status.lastIndex
        var all = [
            RaftReport.Progress(
                id: status.id, match: last, next: last.next, state: "StateReplicate")
        ]
        for member in status.members {
            let state =
                switch member.replication {
                case .probe: "StateProbe"
                case .replicate: "StateReplicate"
                case .snapshot: "StateSnapshot"
                }
            all.append(
                RaftReport.Progress(
                    id: member.id, match: member.match,
                    next: member.next, state: state))
        }
        return all.sorted { $0.id < $1.id }
    }

    package func report(_ completion: @escaping @Sendable (HealthReport) -> Void) {
        runtime.onState { [runtime] state in
            var report = HealthReport()
            report.alarms = state.alarms.list(.none).map(\.type.name)
            report.isLearner = runtime.isLearner
            report.clusterVersion = state.membership.version?.description
            report.storageVersion = state.storageVersion?.description
            completion(report)
        }
    }

    package func read(
        isLinearizable: Bool, _ completion: @escaping @Sendable (EtcdError?) -> Void
    ) {
        guard !runtime.hasStopped else { return completion(.stopped) }
        guard isLinearizable else {
            // The store can be read on any thread. A local range would only show that its lock is
            // free and its index readable.
            _ = runtime.store.liveKeyCount
            return completion(nil)
        }
        let token = pending.withLock { pending in
            pending.nextToken += 1
            pending.handlers[pending.nextToken] = completion
            return pending.nextToken
        }
        runtime.submit([.read(completion: CompletionAddress(receiver: self, token: token))])
    }

    package func deliver(_ completions: [Completion]) {
        for completion in completions {
            let handler = pending.withLock { $0.handlers.removeValue(forKey: completion.token) }
            switch completion.value {
            case .failed(let error): handler?(error)
            case .readable, .applied: handler?(nil)
            }
        }
    }
}
