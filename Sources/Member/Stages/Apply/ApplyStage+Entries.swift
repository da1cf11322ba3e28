import Auth
import EtcdAPI
import Identifiers
import MonotonicClock
package import Raft
package import StateMachine

/// Entries.
extension ApplyStage {
    mutating func applyPending(
        _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver, _ groups: inout Int,
        into effects: inout [ApplyEffect]
    ) throws {
        while !isBlocked, let first = pending.first {
            switch first {
            case .snapshot(let snapshot):
                pending.removeFirst()
                install(snapshot, into: &effects)
            case .entries(let entries):
                guard groups > 0 else { return }
                groups -= 1
                let group = entries.prefix(configuration.entriesPerGroup)
                if group.count == entries.count {
                    pending.removeFirst()
                } else {
                    pending[0] = .entries(entries[group.endIndex...])
                }
                try apply(group, isConnected, observer, into: &effects)
            }
        }
    }

    /// Applies a group of entries while holding the store's lock once. Effects of the entries are
    /// collected, and follow when the lock is free.
    mutating func apply(
        _ entries: ArraySlice<Entry>, _ isConnected: (MemberID) -> Bool,
        _ observer: some ApplyObserver, into effects: inout [ApplyEffect]
    ) throws {
        var changes = GroupChanges()
        try state.applyBatch {
            for entry in entries {
                if entry.term > appliedTerm {
                    beginTerm(entry.term, isConnected, &effects)
                }
                try apply(entry, observer, &changes, into: &effects)
            }
        }
        promoteLessorIfDue()
        effects.append(.applied(index: progress.index, entries: entries.count))
        if changes.isMembershipChanged { effects.append(.membershipChanged(state.membership)) }
        if changes.isAlarmChanged {
            effects.append(.spaceAlarm(isActive: state.alarms.isActive(.noSpace)))
            checkSpaceAlarm(into: &effects)
        }
        if changes.raisesSpaceAlarm { effects.append(.raiseSpaceAlarm) }
        if changes.wantsSnapshot || isSnapshotDue { requestSnapshot(into: &effects) }
        checkWriteBuffer(into: &effects)
    }

    struct GroupChanges {
        var isMembershipChanged = false
        var isAlarmChanged = false
        var raisesSpaceAlarm = false
        var wantsSnapshot = false
    }

    mutating func apply(
        _ entry: Entry, _ observer: some ApplyObserver, _ changes: inout GroupChanges,
        into effects: inout [ApplyEffect]
    ) throws {
        guard entry.index <= progress.index + 1 else {
            throw EntryGap(applied: progress.index, next: entry.index)
        }
        let committed = CommittedEntry(
            index: entry.index, term: entry.term, kind: CommittedEntry.Kind(entry.type),
            data: entry.data, request: decoded.take(entry.index))
        var search: ProposalWaiters.Search?
        let applied = try state.apply(committed) { id in
            let found = waiters.search(id)
            search = found
            return found.isFound || configuration.buildsUnawaitedResponses
        }
        progress.index = max(progress.index, entry.index)
        unreportedBytes += entry.data.count
        if let change = applied.change {
            progress.configurationChanges.append(change)
            changes.isMembershipChanged = true
        }
        if let revision = applied.compaction { effects.append(.backend(.compact(revision))) }
        if applied.raisesSpaceAlarm { changes.raisesSpaceAlarm = true }
        if applied.wantsSnapshot { changes.wantsSnapshot = true }
        if case .alarm = applied.response.body { changes.isAlarmChanged = true }
        observer.applied(applied, entry, began: state.now)
        if case .auth(let response, let index) = applied.response.body {
            observer.authApplied(response, index: index)
        }
        guard let address = waiters.take(applied.id, after: search) else { return }
        if applied.isPhysical, case .compaction(let revision) = applied.response.body {
            physicalCompactions.append((revision, address, applied.response))
        } else {
            completions.add(.applied(applied.response), to: address, term: term)
        }
    }

    /// The first entry of a later term decides the proposals sent to an earlier leader.
    mutating func beginTerm(
        _ term: Term, _ isConnected: (MemberID) -> Bool, _ effects: inout [ApplyEffect]
    ) {
        appliedTerm = term
        self.term = max(self.term, term)
        let decided = waiters.takeDecided(
            by: term, own: id, graceEnd: state.now + configuration.electionTimeout,
            isConnected: isConnected)
        fail(decided, .timeoutDueToLeaderFailure, into: &effects)
    }

    mutating func fail(
        _ addresses: [CompletionAddress], _ error: EtcdError, into effects: inout [ApplyEffect]
    ) {
        guard !addresses.isEmpty else { return }
        effects.append(.proposalsFailed(addresses.count))
        for address in addresses { completions.add(.failed(error), to: address, term: term) }
    }

    /// Whether so many entries were applied since the last snapshot that the next one is due: at
    /// the entries that reach the count, as in etcd.
    private var isSnapshotDue: Bool {
        isSnapshotCountReached
            && unsavedSnapshots < configuration.unsavedSnapshotsMax
    }

    /// Whether a due snapshot waits for unsaved ones.
    package var defersSnapshot: Bool {
        isSnapshotCountReached
            && unsavedSnapshots >= configuration.unsavedSnapshotsMax
    }

    private var isSnapshotCountReached: Bool {
        progress.index > snapshotIndex && progress.index - snapshotIndex > snapshotCount
    }

    private mutating func requestSnapshot(into effects: inout [ApplyEffect]) {
        snapshotIndex = progress.index
        unsavedSnapshots += 1
        effects.append(.backend(.snapshot(state.snapshotRequest())))
    }

    mutating func reportProgress(into effects: inout [ApplyEffect]) {
        guard progress.index > reportedIndex else { return }
        reportedIndex = progress.index
        // Small progress is reported with the next wake-up of the consensus stage: only changes of
        // membership and capacity for more entries are waited for.
        let isDeferrable =
            progress.configurationChanges.isEmpty
            && unreportedBytes < configuration.unreportedBytesMax
        effects.append(.progress(progress, isDeferrable: isDeferrable))
        if !isDeferrable { unreportedBytes = 0 }
        progress.configurationChanges.removeAll()
    }
}

/// Entries were committed in the wrong order: continuing would skip some.
struct EntryGap: Error, CustomStringConvertible {
    let applied: LogIndex
    let next: LogIndex

    var description: String { "entry \(next) follows entry \(applied)" }
}

extension CommittedEntry.Kind {
    package init(_ type: EntryType) {
        switch type {
        case .normal: self = .request
        case .confChange: self = .memberChange
        case .confChangeV2: self = .generalChange
        }
    }
}
