internal import EtcdAPI
internal import Lease
internal import Membership
internal import MemberRuntime
import MonotonicClock
internal import Stages
internal import StateMachine

/// The member that has to serve a call.
enum LeaderEndpoint {
    case here
    case at(Member)
}

/// Forwarding of the calls that only the leader can serve.
///
/// A call is sent to the leader known to this member and retried until there is a response or the
/// request timeout is over, since an election may be in progress.
extension ServiceContext {
    /// Pause between two attempts, as in etcd.
    private static let retryDelay = TimeSpan.milliseconds(50)

    /// Serves a call here if this member leads, else forwards it to the leader.
    ///
    /// - Parameters:
    ///   - here: returns nil when this member turns out not to lead.
    ///   - there: calls the leader, within the remaining time.
    /// - Throws: `noLeader` when there was none in time, `timeout` when none responded.
    func atLeader<Value: Sendable>(
        _ here: () async throws(EtcdError) -> Value?,
        _ there: (Member, TimeSpan) async throws(LeaderCallError) -> Value
    ) async throws(EtcdError) -> Value {
        let deadline = MonotonicTime.now() + runtime.configuration.requestTimeout
        while true {
            switch try await waitForLeader(until: deadline) {
            case .here: if let value = try await here() { return value }
            case .at(let leader):
                let remaining = deadline - .now()
                guard remaining > .zero else { throw .timeout }
                do throws(LeaderCallError) {
                    return try await there(leader, remaining)
                } catch {
                    if case .rejected(let error) = error { throw error }
                }
            }
            guard .now() < deadline else { throw .timeout }
            try await pause(Self.retryDelay)
        }
    }

    /// Waits for a leader whose peer URLs are known.
    func waitForLeader(until deadline: MonotonicTime) async throws(EtcdError) -> LeaderEndpoint {
        while true {
            guard !runtime.hasStopped else { throw .stopped }
            let status = runtime.replicaStatus
            if status.isLeader { return .here }
            if let leader = status.leader {
                let member = try await runtime.readState { $0.membership[leader] }
                if let member, !member.peerURLs.isEmpty { return .at(member) }
            }
            guard .now() < deadline else { throw .noLeader }
            try await pause(Self.retryDelay)
        }
    }

    /// Waits until all entries that are committed now are applied.
    ///
    /// - Throws: `timeoutWaitingForAppliedIndex` after a second, as in etcd.
    func waitForCommitted() async throws(EtcdError) {
        let wait = CommittedWait(runtime.replicaStatus, now: .now())
        while try !wait.isOver(applied: runtime.applied, now: .now()) {
            guard !runtime.hasStopped else { throw .stopped }
            try await pause(CommittedWait.pollInterval)
        }
    }

    /// - Throws: `canceled` when the task is cancelled.
    func pause(_ time: TimeSpan) async throws(EtcdError) {
        do {
            try await Task.sleep(for: Duration(time))
        } catch {
            throw .canceled
        }
    }
}
