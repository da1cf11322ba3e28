internal import EtcdAPI
internal import Lease
internal import Membership
internal import ReplicaRuntime
internal import Stages
internal import StateMachine

/// Where a call has to be answered.
enum LeaderPlace {
    case here
    case at(Member)
}

/// What only the leader can do, on a member that may or may not be it.
///
/// A call goes to the leader as this member knows it, again and again until it is answered or the
/// request timeout is over: a leader that is just being elected answers a little later.
extension ServiceContext {
    /// Pause between two tries; etcd's.
    private static let retryMilliseconds: Int64 = 50

    /// Serves a call here if this member leads, else at the leader.
    ///
    /// - Parameters:
    ///   - here: nil when it turns out that this member does not lead.
    ///   - there: asks the leader, within the milliseconds that are left.
    /// - Throws: `noLeader` when none was found in time, `timeout` when none answered.
    func atLeader<Value: Sendable>(
        _ here: () async throws(EtcdError) -> Value?,
        _ there: (Member, Int64) async throws(LeaderCallError) -> Value
    ) async throws(EtcdError) -> Value {
        let deadline =
            monotonicMilliseconds() + runtime.settings.requestTimeoutMilliseconds
        while true {
            switch try await waitForLeader(until: deadline) {
            case .here: if let value = try await here() { return value }
            case .at(let leader):
                let left = deadline - monotonicMilliseconds()
                guard left > 0 else { throw .timeout }
                do throws(LeaderCallError) {
                    return try await there(leader, left)
                } catch {
                    if case .answer(let error) = error { throw error }
                }
            }
            guard monotonicMilliseconds() < deadline else { throw .timeout }
            try await pause(Self.retryMilliseconds)
        }
    }

    /// The leader, once there is one whose addresses are known.
    func waitForLeader(until deadline: Int64) async throws(EtcdError) -> LeaderPlace {
        while true {
            guard !runtime.hasStopped else { throw .stopped }
            let status = runtime.status
            if status.isLeader { return .here }
            if let leader = status.leader {
                let id = MemberID(rawValue: leader.rawValue)
                let member = try await runtime.readState { $0.membership[id] }
                if let member, !member.peerURLs.isEmpty { return .at(member) }
            }
            guard monotonicMilliseconds() < deadline else { throw .noLeader }
            try await pause(Self.retryMilliseconds)
        }
    }

    /// Waits until everything that is committed now is applied.
    ///
    /// - Throws: `timeoutWaitingForAppliedIndex` after a second, as in etcd.
    func waitForCommitted() async throws(EtcdError) {
        let wait = CommittedWait(runtime.status, now: monotonicMilliseconds())
        while try !wait.isOver(applied: runtime.applied, now: monotonicMilliseconds()) {
            guard !runtime.hasStopped else { throw .stopped }
            try await pause(CommittedWait.pauseMilliseconds)
        }
    }

    /// - Throws: `canceled` once the caller has gone.
    func pause(_ milliseconds: Int64) async throws(EtcdError) {
        do {
            try await Task.sleep(for: .milliseconds(milliseconds))
        } catch {
            throw .canceled
        }
    }
}
