package import EtcdAPI

/// What a snapshot of the replicated state records: where it stands, and who was a member then.
/// The keys themselves are in the database file.
package struct SnapshotRequest: Sendable {
    package let index: UInt64
    package let term: UInt64
    package let confState: RaftConfState
    /// The members as a tree of the former store, for members that start from it.
    package let legacyTree: [UInt8]
}

extension StateMachine {
    /// Describes the state as it is now.
    package func snapshotRequest() -> SnapshotRequest {
        SnapshotRequest(
            index: appliedIndex, term: appliedTerm, confState: confState,
            legacyTree: Array(membership.legacyTreeJSON.utf8))
    }
}
