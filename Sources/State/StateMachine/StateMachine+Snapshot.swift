package import Bolt
package import EtcdAPI
package import Membership

/// What a snapshot of the replicated state records: where it stands, and who was a member then.
/// The keys themselves are in the database file.
package struct SnapshotRequest: Sendable {
    package let index: UInt64
    package let term: UInt64
    package let confState: RaftConfState
    /// The members as a tree of the former store, for members that start from it.
    package let legacyTree: [UInt8]
}

extension SnapshotRequest {
    /// Describes the state that one view of the database holds, so that whoever gets both hears the
    /// same of them.
    ///
    /// - Parameters:
    ///   - identity: a membership of this member and its cluster; what it knows is not looked at.
    ///   - unnoted: the membership of the consensus layer for a database that never noted it.
    package init(
        from reading: BoltReadTransaction, identity: ClusterMembership, unnoted: RaftConfState
    ) throws(PageFault) {
        let mark = try AppliedMark(from: reading)
        var membership = ClusterMembership(
            localID: identity.localID, clusterID: identity.clusterID)
        try membership.restore(from: reading, noted: mark.confState)
        self.init(
            index: mark.index, term: mark.term, confState: mark.confState ?? unnoted,
            legacyTree: Array(membership.legacyTreeJSON.utf8))
    }
}

extension StateMachine {
    /// Describes the state as it is now.
    package func snapshotRequest() -> SnapshotRequest {
        SnapshotRequest(
            index: appliedIndex, term: appliedTerm, confState: confState,
            legacyTree: Array(membership.legacyTreeJSON.utf8))
    }
}
