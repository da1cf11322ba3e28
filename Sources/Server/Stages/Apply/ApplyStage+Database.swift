import Raft
import StateMachine

/// The database file.
extension ApplyStage {
    /// Entries wait while the write buffer is too long for the file to follow.
    mutating func checkWriteBuffer(into effects: inout [ApplyEffect]) {
        let pending = state.store.pendingSize
        if pending.bytes >= settings.overlayMaximumBytes {
            guard persist != .awaited else { return }
            persist = .awaited
            effects.append(.backend(.persist(isAwaited: true)))
        } else if pending.records >= settings.persistOperations, persist == .none {
            persist = .asked
            effects.append(.backend(.persist(isAwaited: false)))
        }
    }

    mutating func persisted(into effects: inout [ApplyEffect]) {
        persist = .none
        checkWriteBuffer(into: &effects)
    }

    /// The backend puts the received database in the place of the present one. Nothing can be
    /// applied meanwhile.
    mutating func install(_ snapshot: Snapshot, into effects: inout [ApplyEffect]) {
        let index = snapshot.index.rawValue
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
        let index = snapshot.index.rawValue
        state.adopt(fresh, tree: snapshot.data)
        progress.index = index
        snapshotIndex = max(snapshotIndex, index)
        unreportedBytes = settings.quietBytesMaximum
        effects.append(.applied(index: index, entries: 0))
        if snapshot.term.rawValue > appliedTerm {
            beginTerm(snapshot.term.rawValue, isConnected, &effects)
        }
        effects.append(.spaceAlarm(isActive: state.alarms.isActive(.noSpace)))
        effects.append(.membershipChanged(state.membership))
        effects.append(.wakeWatchers)
        finishCompactions(.max)
        effects.append(
            .snapshotInstalled(
                index: index, revision: state.store.newestRevision,
                milliseconds: state.now - installBegan))
        let inputs = deferred
        deferred = []
        for input in inputs { try take(input, isConnected, observer, &groups, into: &effects) }
    }

    mutating func finishCompactions(_ revision: Int64) {
        physical.removeAll { waiting in
            guard waiting.revision <= revision else { return false }
            replies.add(.applied(waiting.outcome), to: waiting.address, term: term)
            return true
        }
    }
}
