import Auth
package import Bolt
package import Membership

/// What a database says that decides whether its state may be served.
///
/// The one gate for every state that a member goes on with: the one that it starts on, the one
/// that it finds at a restart, and the one that a leader's snapshot brings.
package struct ServableState: Sendable, Equatable {
    /// Index of the last entry that the database has applied.
    package var appliedIndex: UInt64
    /// The version that the database is written for; nil before 3.6.
    package var storageVersion: SemanticVersion?
    /// The version that the cluster has agreed on; nil as long as it has not.
    package var clusterVersion: SemanticVersion?
    package var isAuthEnabled: Bool
    /// The first damage that reading the database has come across.
    package var damage: PageFault?

    /// Reads a database that is not in use yet.
    package init(of bolt: Bolt) {
        let reading = bolt.beginRead()
        defer { reading.end() }
        let mark = AppliedMark(from: reading)
        // Who the members are decides nothing here.
        var membership = ClusterMembership(
            localID: MemberID(rawValue: 0), clusterID: ClusterID(rawValue: 0))
        membership.restore(from: reading, noted: nil)
        appliedIndex = mark.index
        storageVersion = mark.storageVersion
        clusterVersion = membership.version
        isAuthEnabled = AuthState(from: reading).isEnabled
        damage = bolt.corruption
    }

    /// What a state says that has been read from its database.
    package init(_ state: StateMachine) {
        appliedIndex = state.appliedIndex
        storageVersion = state.notedVersion
        clusterVersion = state.membership.version
        isAuthEnabled = state.auth.isEnabled
        damage = state.bolt.corruption
    }

    /// Throws unless the state may be served.
    ///
    /// - Parameters:
    ///   - index: an entry that the state must have applied, the snapshot's; 0 for none.
    ///   - version: of the program that wants to serve it.
    package func require(
        through index: UInt64 = 0, by version: SemanticVersion = compatibleVersion
    ) throws(StateRefusal) {
        if let damage { throw .store(.bolt(.corrupt(damage))) }
        let own = version.withoutPatch
        if let clusterVersion, clusterVersion.withoutPatch > own {
            throw .clusterVersion(clusterVersion, own: own)
        }
        if let storageVersion, storageVersion.withoutPatch > own {
            throw .storageVersion(storageVersion, own: own)
        }
        guard !isAuthEnabled else { throw .authEnabled }
        guard appliedIndex >= index else {
            throw .behind(appliedIndex: appliedIndex, snapshotIndex: index)
        }
    }
}
