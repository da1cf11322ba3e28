package import Bolt
package import Identifiers
package import Membership

/// The properties of a database that decide whether this program can serve it.
///
/// Checked for every state that a member serves: a new one, the one found at a restart, and the
/// one of a leader's snapshot.
package struct ServableState: Sendable, Equatable {
    /// Index of the last entry that the database has applied.
    package var appliedIndex: LogIndex
    /// The storage version recorded in the database; nil before 3.6.
    package var storageVersion: SemanticVersion?
    /// The cluster version; nil until it is decided.
    package var clusterVersion: SemanticVersion?

    /// Reads a database that is not in use yet.
    package init(of bolt: Bolt) throws(PageFault) {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let applied = try ConsistentIndex(from: reading)
        // The members do not matter here.
        var membership = ClusterMembership(
            localID: .none, clusterID: ClusterID(rawValue: 0))
        try membership.restore(from: reading, confState: nil)
        appliedIndex = applied.index
        storageVersion = applied.storageVersion
        clusterVersion = membership.version
    }

    /// Takes the properties of a state that was read from its database.
    package init(_ state: StateMachine) {
        appliedIndex = state.appliedIndex
        storageVersion = state.recordedStorageVersion
        clusterVersion = state.membership.version
    }

    /// Throws unless the state may be served.
    ///
    /// - Parameters:
    ///   - index: the snapshot's index, up to which the state must be applied; 0 for none.
    ///   - version: the version of the program that serves the state.
    package func require(
        through index: LogIndex = .zero, by version: SemanticVersion = compatibleVersion
    ) throws(StateRefusal) {
        let own = version.withoutPatch
        if let clusterVersion, clusterVersion.withoutPatch > own {
            throw .clusterVersion(clusterVersion, own: own)
        }
        if let storageVersion, storageVersion.withoutPatch > own {
            throw .storageVersion(storageVersion, own: own)
        }
        guard appliedIndex < .limit else { throw .appliedIndexOutOfRange(appliedIndex) }
        guard appliedIndex >= index else {
            throw .olderThanSnapshot(appliedIndex: appliedIndex, snapshotIndex: index)
        }
    }
}
