package import Bolt
package import MVCC
import Membership

/// Replacing the whole state by that of a snapshot which a leader sent.
extension StateMachine {
    /// Throws unless a received database may take the place of the present one: nothing has
    /// changed then.
    ///
    /// Backend thread. All of the file was checked when it was received (`SnapshotDatabase`); here
    /// it is asked once more what it says, at the last moment at which it can be left.
    ///
    /// - Parameter index: where the snapshot stands in the log.
    package func requireServable(
        databaseAt path: String, through index: UInt64
    ) throws(StateRefusal) {
        let received: Bolt
        do throws(BoltError) {
            received = try bolt.openOther(at: path)
        } catch {
            throw .store(.bolt(error))
        }
        defer { received.close() }
        try ServableState(of: received).require(through: index)
    }

    /// Reads the state anew after the database's file was replaced, and moves the store to it.
    ///
    /// Backend thread, while the apply thread waits. The result is for `adopt`. After an error the
    /// state is the former one and the database is not: the member must stop.
    ///
    /// - Parameter index: where the snapshot stands in the log.
    package func reload(through index: UInt64) throws(StateRefusal) -> StateMachine {
        let membership = ClusterMembership(
            localID: self.membership.localID, clusterID: self.membership.clusterID)
        let fresh: StateMachine
        do throws(StoreError) {
            fresh = try StateMachine(
                bolt: bolt, membership: membership, settings: settings,
                storeConfiguration: store.configuration)
        } catch {
            throw .store(error)
        }
        try ServableState(fresh).require(through: index)
        store.adopt(fresh.store)
        return fresh
    }

    /// Takes over what `reload` has read. Watchers go on from where they were. Apply thread.
    ///
    /// Clocks of leases stand still, as on any follower.
    ///
    /// The state may be ahead of the snapshot, and is never behind it: `reload` has seen to that.
    ///
    /// - Parameter tree: the snapshot's data, where a 3.5 leader tells what members have published.
    package func adopt(_ fresh: StateMachine, tree: [UInt8] = []) {
        precondition(committed.isEmpty, "a state is replaced between two batches of entries")
        lessor = fresh.lessor
        membership = fresh.membership
        alarms = fresh.alarms
        auth = fresh.auth
        notedVersion = fresh.notedVersion
        confState = fresh.confState
        appliedIndex = fresh.appliedIndex
        appliedTerm = fresh.appliedTerm
        if lacksPublications { recallPublications(tree: tree, entries: []) }
        watchers.replaceStore(store)
    }
}
