package import EtcdAPI

/// What the HTTP endpoints ask of the member they speak for. Any thread may ask; completions may
/// come on any thread and exactly once, but perhaps late, so the asker sets its own time limit.
package protocol HealthSource: AnyObject, Sendable {
    /// Whether a leader is known.
    var hasLeader: Bool { get }
    /// Raft's view of itself, for `/debug/vars`.
    var raftStatus: RaftReport { get }
    /// What the applied state says about the member's health.
    func report(_ completion: @escaping @Sendable (HealthReport) -> Void)
    /// Reads as a client would; completes with the error that such a client would get.
    ///
    /// - Parameter isLinearizable: whether the cluster has to agree, or this member's data do.
    func read(isLinearizable: Bool, _ completion: @escaping @Sendable (EtcdError?) -> Void)
}

/// What the applied state says about a member's health.
package struct HealthReport: Sendable {
    /// Names of the raised alarms as etcd spells them (`NOSPACE`), in the order they are listed.
    package var alarms: [String] = []
    package var isLearner = false
    /// nil until it is decided.
    package var clusterVersion: String?
    /// nil until it is known.
    package var storageVersion: String?

    package init() {}
}

/// What raft knows of itself.
package struct RaftReport: Sendable {
    package var id: UInt64 = 0
    package var term: UInt64 = 0
    package var vote: UInt64 = 0
    package var commitIndex: UInt64 = 0
    package var appliedIndex: UInt64 = 0
    /// 0 when none is known.
    package var leader: UInt64 = 0
    /// `StateFollower`, `StateCandidate`, `StatePreCandidate` or `StateLeader`.
    package var state = "StateFollower"
    /// The leader's view of the members.
    package var progress: [Progress] = []

    package struct Progress: Sendable {
        package var id: UInt64
        package var match: UInt64
        package var next: UInt64
        package var state: String

        package init(id: UInt64, match: UInt64, next: UInt64, state: String) {
            self.id = id
            self.match = match
            self.next = next
            self.state = state
        }
    }

    package init() {}
}
