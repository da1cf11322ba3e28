package import EtcdAPI
import Membership
import Raft
package import ReplicaRuntime
package import Stages
import StateMachine
import Synchronization

/// A member's health as its runtime sees it.
package final class RuntimeHealthSource: HealthSource, ReplySink {
    private let runtime: ReplicaRuntime
    private let waiting = Mutex(Waiting())

    /// Reads that are under way, by the token they were asked with.
    private struct Waiting {
        var nextToken: UInt64 = 0
        var completions: [UInt64: @Sendable (EtcdError?) -> Void] = [:]
    }

    package init(runtime: ReplicaRuntime) {
        self.runtime = runtime
    }

    package var hasLeader: Bool { runtime.status.leader != nil }

    package var raftStatus: RaftReport {
        let status = runtime.status
        var report = RaftReport()
        report.id = status.id.rawValue
        report.term = status.term.rawValue
        report.commitIndex = status.commitIndex.rawValue
        report.appliedIndex = runtime.applied
        report.leader = status.leader?.rawValue ?? 0
        report.state =
            switch status.role {
            case .follower: "StateFollower"
            case .preCandidate: "StatePreCandidate"
            case .candidate: "StateCandidate"
            case .leader: "StateLeader"
            }
        report.vote = status.vote.rawValue
        if status.isLeader { report.progress = Self.progress(status) }
        return report
    }

    /// What a leader knows of all members, itself among them.
    private static func progress(_ status: ReplicaStatus) -> [RaftReport.Progress] {
        let last = status.lastIndex.rawValue
        var all = [
            RaftReport.Progress(
                id: status.id.rawValue, match: last, next: last + 1, state: "StateReplicate")
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
                    id: member.id.rawValue, match: member.match.rawValue,
                    next: member.next.rawValue, state: state))
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
            // Any thread may read the store: that its lock is free and its index answers is all
            // that a local range shows.
            _ = runtime.store.liveKeyCount
            return completion(nil)
        }
        let token = waiting.withLock { waiting in
            waiting.nextToken += 1
            waiting.completions[waiting.nextToken] = completion
            return waiting.nextToken
        }
        runtime.submit([.read(reply: ReplyAddress(sink: self, token: token))])
    }

    package func deliver(_ replies: [Reply]) {
        for reply in replies {
            let completion = waiting.withLock { $0.completions.removeValue(forKey: reply.token) }
            switch reply.value {
            case .failed(let error): completion?(error)
            case .readable, .applied: completion?(nil)
            }
        }
    }
}
