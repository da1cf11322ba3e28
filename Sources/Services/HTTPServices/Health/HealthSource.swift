package import EtcdAPI
package import Identifiers

/// The source of a member's health. Functions may be called on any thread. Completions are called
/// exactly once, on any thread, but may be late, so that callers need their own timeout.
package protocol HealthSource: AnyObject, Sendable {
    /// Whether a leader is known.
    var hasLeader: Bool { get }
    /// The Raft status, for `/debug/vars`.
    var raftStatus: RaftReport { get }
    /// Reports the member's health by its applied state.
    func report(_ completion: @escaping @Sendable (HealthReport) -> Void)
    /// Performs a read as for a client; completes with its error.
    ///
    /// - Parameter isLinearizable: whether the read needs a quorum.
    func read(isLinearizable: Bool, _ completion: @escaping @Sendable (EtcdError?) -> Void)
}

/// A member's health by its applied state.
package struct HealthReport: Sendable {
    /// Names of the raised alarms as etcd spells them (`NOSPACE`), in the order they are listed.
    package var alarms: [String] = []
    package var isLearner = false
    /// Nil until it is decided.
    package var clusterVersion: String?
    /// Nil until it is known.
    package var storageVersion: String?

    package init() {}
}

/// The Raft status of a member.
package struct RaftReport: Sendable {
    package var id: MemberID = .none
    package var term: Term = .zero
    package var vote: MemberID = .none
    package var commitIndex: LogIndex = .zero
    package var appliedIndex: LogIndex = .zero
    /// `MemberID.none` if the member knows no leader.
    package var leader: MemberID = .none
    /// `StateFollower`, `StateCandidate`, `StatePreCandidate` or `StateLeader`.
    package var state = "StateFollower"
    /// The progress of the members; on the leader only.
    package var progress: [Progress] = []

    package struct Progress: Sendable {
        package var id: MemberID
        package var match: LogIndex
        package var next: LogIndex
        package var state: String

        package init(id: MemberID, match: LogIndex, next: LogIndex, state: String) {
            self.id = id
            self.match = match
            self.next = next
            self.state = state
        }
    }

    package init() {}
}
