import EtcdAPI
package import Raft
package import StateMachine

/// Entries.
extension ApplyStage {
    mutating func applyWaiting(
        _ isConnected: (MemberID) -> Bool, _ observer: some ApplyObserver, _ groups: inout Int,
        into effects: inout [ApplyEffect]
    ) throws {
        while !isBlocked, let first = waiting.first {
            switch first {
            case .snapshot(let snapshot):
                waiting.removeFirst()
                install(snapshot, into: &effects)
            case .entries(let entries):
                guard groups > 0 else { return }
                groups -= 1
                let group = entries.prefix(settings.entriesPerGroup)
                if group.count == entries.count {
                    waiting.removeFirst()
                } else {
                    waiting[0] = .entries(entries[group.endIndex...])
                }
                try apply(group, isConnected, observer, into: &effects)
            }
        }
    }

    /// Applies a few entries under one hold of the store's lock. What they make necessary elsewhere
    /// is gathered, and done when the lock is free.
    mutating func apply(
        _ entries: ArraySlice<Entry>, _ isConnected: (MemberID) -> Bool,
        _ observer: some ApplyObserver, into effects: inout [ApplyEffect]
    ) throws {
        var changes = GroupChanges()
        try state.applyBatch {
            for entry in entries {
                if entry.term.rawValue > appliedTerm {
                    beginTerm(entry.term.rawValue, isConnected, &effects)
                }
                try apply(entry, observer, &changes, into: &effects)
            }
        }
        promoteIfSettled()
        effects.append(.applied(index: progress.index, entries: entries.count))
        if changes.isMembershipChanged { effects.append(.membershipChanged(state.membership)) }
        if changes.isAlarmChanged {
            effects.append(.spaceAlarm(isActive: state.alarms.isActive(.noSpace)))
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
        guard entry.index.rawValue <= progress.index + 1 else {
            throw EntryGap(applied: progress.index, next: entry.index.rawValue)
        }
        let applied = try state.apply(
            CommittedEntry(
                index: entry.index.rawValue, term: entry.term.rawValue,
                kind: CommittedEntry.Kind(entry.type), data: entry.data,
                request: decoded.take(entry.index)))
        progress.index = max(progress.index, entry.index.rawValue)
        unreportedBytes += entry.data.count
        if let change = applied.change {
            progress.configurationChanges.append(change)
            changes.isMembershipChanged = true
        }
        if let revision = applied.compaction { effects.append(.backend(.compact(revision))) }
        if applied.raisesSpaceAlarm { changes.raisesSpaceAlarm = true }
        if applied.wantsSnapshot { changes.wantsSnapshot = true }
        if case .alarm = applied.outcome.result { changes.isAlarmChanged = true }
        observer.applied(applied, entry)
        guard let address = waiters.take(applied.id) else { return }
        if applied.isPhysical, case .compaction(let revision) = applied.outcome.result {
            physical.append((revision, address, applied.outcome))
        } else {
            replies.add(.applied(applied.outcome), to: address, term: term)
        }
    }

    /// The first entry of a later term decides what went to an earlier leader.
    mutating func beginTerm(
        _ term: UInt64, _ isConnected: (MemberID) -> Bool, _ effects: inout [ApplyEffect]
    ) {
        appliedTerm = term
        self.term = max(self.term, term)
        let decided = waiters.takeDecided(
            by: term, own: id, graceEnd: state.now + settings.electionMilliseconds,
            isConnected: isConnected)
        fail(decided, .timeoutDueToLeaderFailure, into: &effects)
    }

    mutating func fail(
        _ addresses: [ReplyAddress], _ error: EtcdError, into effects: inout [ApplyEffect]
    ) {
        guard !addresses.isEmpty else { return }
        effects.append(.proposalsFailed(addresses.count))
        for address in addresses { replies.add(.failed(error), to: address, term: term) }
    }

    /// Whether so many entries were applied since the last snapshot that the next one is due: with
    /// the entries that reach the count, as in etcd.
    private var isSnapshotDue: Bool {
        isSnapshotCountReached
            && unsavedSnapshots < settings.unsavedSnapshotsMaximum
    }

    /// Whether a snapshot that is due waits for those that are on their way.
    package var putsSnapshotOff: Bool {
        isSnapshotCountReached
            && unsavedSnapshots >= settings.unsavedSnapshotsMaximum
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
        // Little news can wait for what wakes the consensus stage next: only changes of membership
        // and room for more entries are waited for.
        let isQuiet =
            progress.configurationChanges.isEmpty
            && unreportedBytes < settings.quietBytesMaximum
        effects.append(.progress(progress, isQuiet: isQuiet))
        if !isQuiet { unreportedBytes = 0 }
        progress.configurationChanges.removeAll()
    }
}

/// Entries were given out in the wrong order: going on would skip some.
struct EntryGap: Error, CustomStringConvertible {
    let applied: UInt64
    let next: UInt64

    var description: String { "entry \(next) came behind entry \(applied)" }
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
