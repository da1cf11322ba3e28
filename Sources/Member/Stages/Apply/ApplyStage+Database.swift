import Identifiers
import MonotonicClock
import Raft
import StateMachine

/// The database file.
extension ApplyStage {
    /// Entries wait while the write buffer exceeds its limit.
    mutating func checkWriteBuffer(into effects: inout [ApplyEffect]) {
        let pending = state.store.pendingSize
        if pending.bytes >= configuration.writeBufferBytesMax {
            guard persist != .awaited else { return }
            persist = .awaited
            effects.append(.backend(.persist(isAwaited: true)))
        } else if pending.records >= configuration.persistOperations, persist == .none {
            persist = .requested
            effects.append(.backend(.persist(isAwaited: false)))
        }
    }

    mutating func persisted(into effects: inout [ApplyEffect]) {
        persist = .none
        checkWriteBuffer(into: &effects)
    }

    /// Ends this member's NOSPACE alarm once the database is not full any more. An alarm that was
    /// activated while it was not full, by a client, stays; at a start and after a snapshot nobody
    /// knows, so it ends.
    mutating func checkSpaceAlarm(into effects: inout [ApplyEffect]) {
        guard let bytes = state.countedBytesOfAlarm else { return hasBeenFull = false }
        if !state.configuration.quota.endsAlarm(databaseBytes: bytes) {
            hasBeenFull = true
        } else if hasBeenFull {
            effects.append(.endSpaceAlarm(countedBytes: bytes))
        }
    }

    /// The backend replaces the database by the received one. Nothing can be applied meanwhile.
    mutating func install(_ snapshot: Snapshot, into effects: inout [ApplyEffect]) {
        let index = snapshot.index
        guard index > progress.index else { return }
        installing = snapshot
        installBegan = state.now
        effects.append(.backend(.install(snapshot)))
    }

    mutating func adopt(
        _ fresh: StateMachine, _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver,
        _ groups: inout Int, into effects: inout [ApplyEffect]
    ) throws {
        guard let snapshot = installing else { return }
        installing = nil
        let index = snapshot.index
        state.adopt(fresh, tree: snapshot.data)
        observer.authReplaced(isEnabled: state.auth.isEnabled)
        progress.index = index
        snapshotIndex = max(snapshotIndex, index)
        unreportedBytes = configuration.unreportedBytesMax
        effects.append(.applied(index: index, entries: 0))
        if snapshot.term > appliedTerm {
            beginTerm(snapshot.term, isConnected, &effects)
        }
        effects.append(.spaceAlarm(isActive: state.alarms.isActive(.noSpace)))
        hasBeenFull = state.countedBytesOfAlarm != nil
        effects.append(.membershipChanged(state.membership))
        effects.append(.wakeWatchers)
        finishCompactions(.max)
        effects.append(
            .snapshotInstalled(
                index: index, revision: state.store.newestRevision,
                took: state.now - installBegan))
        let inputs = deferred
        deferred = []
        for input in inputs { try take(input, isConnected, observer, &groups, into: &effects) }
    }

    mutating func finishCompactions(_ revision: Revision) {
        physicalCompactions.removeAll { waiting in
            guard waiting.revision <= revision else { return false }
            completions.add(.applied(waiting.response), to: waiting.address, term: term)
            return true
        }
    }
}
