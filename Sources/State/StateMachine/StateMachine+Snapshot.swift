package import Bolt
package import EtcdAPI
package import Identifiers
package import Membership

/// The content of a Raft snapshot: index, term and membership. The keys are in the database file.
package struct SnapshotRequest: Sendable {
    package let index: LogIndex
    package let term: Term
    package let confState: RaftConfState
    /// The members in the v2 store's JSON, for members that start from it.
    package let legacyTree: [UInt8]
}

extension SnapshotRequest {
    /// Describes the state of one read transaction, so that it matches a database copied from the
    /// same transaction.
    ///
    /// - Parameters:
    ///   - identity: a membership with the member's and the cluster's ID; its members are ignored.
    ///   - defaultConfState: used when the database never recorded a ConfState.
    package init(
        from reading: BoltReadTransaction, identity: ClusterMembership,
        defaultConfState: RaftConfState
    ) throws(PageFault) {
        let applied = try ConsistentIndex(from: reading)
        var membership = ClusterMembership(
            localID: identity.localID, clusterID: identity.clusterID)
        try membership.restore(from: reading, confState: applied.confState)
        self.init(
            index: applied.index, term: applied.term,
            confState: applied.confState ?? defaultConfState,
            legacyTree: Array(membership.legacyTreeJSON.utf8))
    }
}

extension StateMachine {
    /// Describes the current state.
    package func snapshotRequest() -> SnapshotRequest {
        SnapshotRequest(
            index: appliedIndex, term: appliedTerm, confState: confState,
            legacyTree: Array(membership.legacyTreeJSON.utf8))
    }
}
