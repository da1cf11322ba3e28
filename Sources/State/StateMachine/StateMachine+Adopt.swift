package import Bolt
package import Identifiers
package import MVCC
import Membership

/// Replaces the whole state by that of a leader's snapshot.
extension StateMachine {
    /// Throws unless a received database can replace the current one. Changes nothing.
    ///
    /// Backend thread. The whole file was checked when it was received (`SnapshotDatabase`); this
    /// repeats the checks of `ServableState` at the last moment at which it can be rejected.
    ///
    /// - Parameter index: the snapshot's index.
    package func requireServable(
        databaseAt path: String, through index: LogIndex
    ) throws(StateRefusal) {
        let received: Bolt
        do throws(BoltError) {
            received = try bolt.openOther(at: path)
        } catch {
            throw .store(.bolt(error))
        }
        defer { received.close() }
        let state: ServableState
        do throws(PageFault) {
            state = try ServableState(of: received)
        } catch {
            throw .store(.bolt(.corrupt(error)))
        }
        try state.require(through: index)
    }

    /// Reads the state again after the database file was replaced, and switches the store to it.
    ///
    /// Backend thread, while the apply thread waits. The result is for `adopt`. After an error the
    /// state is still the old one but the database is not: the member must stop.
    ///
    /// - Parameter index: the snapshot's index.
    package func reload(through index: LogIndex) throws(StateRefusal) -> StateMachine {
        let membership = ClusterMembership(
            localID: self.membership.localID, clusterID: self.membership.clusterID)
        let fresh: StateMachine
        do throws(StoreError) {
            fresh = try StateMachine(
                bolt: bolt, membership: membership, configuration: configuration,
                storeConfiguration: store.configuration)
        } catch {
            throw .store(error)
        }
        try ServableState(fresh).require(through: index)
        store.adopt(fresh.store)
        return fresh
    }

    /// Switches to the state that `reload` has read. Watchers continue where they were. Apply
    /// thread.
    ///
    /// Lease clocks are stopped, as on any follower.
    ///
    /// The state may be ahead of the snapshot but not behind it, which `reload` has checked.
    ///
    /// - Parameter tree: the snapshot's data, where a 3.5 leader stores published attributes.
    package func adopt(_ fresh: StateMachine, tree: [UInt8] = []) {
        precondition(committed.isEmpty, "a state is replaced between two batches of entries")
        lessor = fresh.lessor
        membership = fresh.membership
        alarms = fresh.alarms
        auth = fresh.auth
        recordedStorageVersion = fresh.recordedStorageVersion
        confState = fresh.confState
        appliedIndex = fresh.appliedIndex
        appliedTerm = fresh.appliedTerm
        if lacksPublishedAttributes { restorePublishedAttributes(tree: tree, entries: []) }
        watchers.replaceStore(store)
    }
}
