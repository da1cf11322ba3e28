package import Bolt
package import MVCC
import Membership

/// Replacing the whole state by that of a snapshot which a leader sent.
extension StateMachine {
    /// Reads the state anew after the database's file was replaced, and moves the store to it.
    ///
    /// Backend thread, while the apply thread waits. The result is for `adopt`.
    package func reload() throws(StoreError) -> StateMachine {
        let membership = ClusterMembership(
            localID: self.membership.localID, clusterID: self.membership.clusterID)
        let fresh = try StateMachine(
            bolt: bolt, membership: membership, settings: settings,
            storeConfiguration: store.configuration)
        store.adopt(fresh.store)
        return fresh
    }

    /// Takes over what `reload` has read. Watchers go on from where they were. Apply thread.
    ///
    /// Clocks of leases stand still, as on any follower.
    ///
    /// - Parameters:
    ///   - index: where the snapshot stands in the log. The database may be ahead of it; it is
    ///     never behind, and if it does not say so it is told now.
    ///   - term: of the entry at that index.
    ///   - tree: the snapshot's data, where a 3.5 leader tells what members have published.
    package func adopt(
        _ fresh: StateMachine, through index: UInt64, term: UInt64, tree: [UInt8] = []
    ) {
        precondition(committed.isEmpty, "a state is replaced between two batches of entries")
        lessor = fresh.lessor
        membership = fresh.membership
        alarms = fresh.alarms
        auth = fresh.auth
        notedVersion = fresh.notedVersion
        confState = fresh.confState
        appliedIndex = fresh.appliedIndex
        appliedTerm = fresh.appliedTerm
        if appliedIndex < index {
            appliedIndex = index
            appliedTerm = term
            store.setApplied(index: index, term: term)
        }
        if lacksPublications { recallPublications(tree: tree, entries: []) }
        watchers.replaceStore(store)
    }
}
