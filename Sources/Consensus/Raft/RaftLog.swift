import Identifiers

/// The log of one member: all entries since the last compaction, in memory.
///
/// Five indexes divide it, `compacted.index <= applied <= applying <= committed <= last`:
/// - `compacted`: the entry before the first one kept, from a snapshot or a compaction
/// - `applied`: reported by the application as applied
/// - `applying`: returned to be applied
/// - `committed`: held by a quorum, never changes
/// - `last`: the newest entry
///
/// and two independent ones track the disk, `stable <= inProgress <= last`: what is durable, and
/// what was returned to be written. An entry is returned to be applied only if it is both
/// committed and durable here, so that the state never gets ahead of the log.
///
/// While a received snapshot is not yet durable, no entries are returned to be applied.
struct RaftLog: Sendable {
    /// A received snapshot that is being written to disk.
    enum Installation: Sendable {
        case none
        case received(Snapshot)
        case writing(LogIndex)
    }

    /// A write that is not yet reported as durable. `last` is the last entry of the current log
    /// that it makes durable: a truncation lowers it, since a later write replaces the rest.
    private struct PendingWrite: Sendable {
        var number: WriteNumber
        var last: LogIndex
        var mustSynchronize: Bool
        var snapshot: LogIndex?
    }

    private var ring = EntryRing()
    private(set) var compacted: EntryID
    private(set) var committed: LogIndex
    private(set) var applying: LogIndex
    private(set) var applied: LogIndex
    private(set) var inProgress: LogIndex
    private(set) var stable: LogIndex
    /// Size of the data of the entries after `stable`.
    private(set) var unstableBytes = 0
    private(set) var installation = Installation.none
    /// Size of the entries between `applied` and `applying`.
    private(set) var applyingBytes = 0
    private var pendingWrites: [PendingWrite] = []
    private var newestWrite = WriteNumber(rawValue: 0)

    /// Creates a log whose entries after `compacted` are all durable.
    init(
        compacted: EntryID, entries: [Entry], committed: LogIndex, applied: LogIndex
    ) throws(RestoreError) {
        try Self.requireInRange(compacted)
        var previous = compacted
        for entry in entries {
            guard entry.index == previous.index.next, entry.term >= previous.term else {
                throw .entriesNotContiguous(entry.index)
            }
            ring.append(entry)
            previous = entry.id
        }
        try Self.requireInRange(previous)
        guard applied >= compacted.index, applied <= previous.index else {
            throw .appliedOutOfRange(applied)
        }
        guard committed <= previous.index else { throw .commitOutOfRange(committed) }
        self.compacted = compacted
        // The commit index on disk may be stale; applied entries are committed.
        self.committed = max(committed, applied)
        applying = applied
        self.applied = applied
        inProgress = previous.index
        stable = previous.index
    }

    private static func requireInRange(_ id: EntryID) throws(RestoreError) {
        guard id.index < .limit, id.term < .limit else {
            throw .outOfRange(term: id.term, index: id.index)
        }
    }

    var lastIndex: LogIndex {
        compacted.index + ring.count
    }

    var last: EntryID {
        ring.count == 0 ? compacted : ring[ring.count - 1].id
    }

    /// Index of the first entry kept, or of the next one if none is.
    var firstIndex: LogIndex {
        compacted.index.next
    }

    /// Whether a received snapshot is not yet durable.
    var isInstalling: Bool {
        if case .none = installation { return false }
        return true
    }

    /// Number of the write that is taken next.
    var nextWrite: WriteNumber {
        WriteNumber(rawValue: newestWrite.rawValue + 1)
    }

    /// Whether a write that needs an fdatasync is in progress.
    var awaitsSynchronization: Bool {
        pendingWrites.contains(where: \.mustSynchronize)
    }

    /// Term of the entry at `index`; nil if it was compacted or does not exist.
    func term(at index: LogIndex) -> Term? {
        if index == compacted.index { return compacted.term }
        guard index > compacted.index, index <= lastIndex else { return nil }
        return ring[index - firstIndex].term
    }

    /// Whether the log holds the entry with this index and term.
    func contains(_ id: EntryID) -> Bool {
        term(at: id.index) == id.term
    }

    func entry(at index: LogIndex) -> Entry? {
        guard index > compacted.index, index <= lastIndex else { return nil }
        return ring[index - firstIndex]
    }

    /// Entries from `first` through `last`, cut off before the limit is exceeded, but at least one.
    ///
    /// Empty if `first` is after `last`. Must not start before `firstIndex`.
    func entries(from first: LogIndex, through last: LogIndex, bytesMax: Int) -> [Entry] {
        precondition(first > compacted.index, "the entries were compacted")
        let start = first - firstIndex
        let bound = min(last, lastIndex) - firstIndex + 1
        guard start < bound else { return [] }
        var end = start + 1
        var bytes = ring[start].sizeBytes
        while end < bound {
            bytes += ring[end].sizeBytes
            if bytes > bytesMax { break }
            end += 1
        }
        return ring.copy(start..<end)
    }

    /// Size of the data of the entries after `index` through `last`.
    func dataBytes(after index: LogIndex, through last: LogIndex) -> Int {
        var bytes = 0
        var position = index
        while position < last {
            position = position.next
            bytes += ring[position - firstIndex].data.count
        }
        return bytes
    }

    /// Greatest index at or before `index` whose term is not above `term`: where this log and one
    /// with `term` at `index` may still match. The term is zero if that entry was compacted.
    func findConflictByTerm(index: LogIndex, term: Term) -> EntryID {
        var candidate = index
        while candidate > .zero {
            guard let ours = self.term(at: candidate) else {
                return EntryID(term: .zero, index: candidate)
            }
            if ours <= term { return EntryID(term: ours, index: candidate) }
            candidate = candidate.previous
        }
        return .zero
    }

    // MARK: - Growth

    /// Appends an entry.
    mutating func append(_ entry: Entry) {
        precondition(entry.index == lastIndex.next, "an entry is appended at the end of the log")
        ring.append(entry)
        unstableBytes += entry.data.count
    }

    /// Removes the entries from `first` on; none of them may be committed.
    mutating func truncate(from first: LogIndex) {
        precondition(first > committed, "committed entries are never removed")
        let kept = first.previous
        guard kept < lastIndex else { return }
        unstableBytes -= dataBytes(after: max(stableOrCompacted, kept), through: lastIndex)
        ring.removeLast(lastIndex - kept)
        inProgress = min(inProgress, kept)
        stable = min(stable, kept)
        for position in pendingWrites.indices {
            pendingWrites[position].last = min(pendingWrites[position].last, kept)
        }
    }

    /// Advances the commit index; it never decreases.
    mutating func commit(to index: LogIndex) {
        precondition(index <= lastIndex, "only existing entries are committed")
        committed = max(committed, index)
    }

    /// Removes applied entries through `index`.
    mutating func compact(to index: LogIndex) {
        let bound = min(index, applied)
        guard bound > compacted.index, let term = term(at: bound) else { return }
        ring.removeFirst(bound - compacted.index)
        compacted = EntryID(term: term, index: bound)
    }

    /// Replaces the log by a snapshot that is ahead of the commit index.
    mutating func install(_ snapshot: Snapshot) {
        precondition(snapshot.index > committed, "a snapshot is ahead of the commit index")
        ring.removeFirst(ring.count)
        compacted = snapshot.id
        committed = snapshot.index
        inProgress = snapshot.index
        stable = .zero
        unstableBytes = 0
        for position in pendingWrites.indices {
            pendingWrites[position].last = .zero
        }
        installation = .received(snapshot)
    }

    // MARK: - Disk

    /// Returns everything that is not yet being written as the next write.
    mutating func takeWrite(hardState: HardState?, mustSynchronize: Bool) -> LogWrite {
        var write = LogWrite(number: nextWrite, hardState: hardState)
        var pending = PendingWrite(number: nextWrite, last: .zero, mustSynchronize: false)
        if case .received(let snapshot) = installation {
            write.snapshot = snapshot
            pending.snapshot = snapshot.index
            installation = .writing(snapshot.index)
        }
        write.entries = entries(from: inProgress.next, through: lastIndex, bytesMax: .max)
        inProgress = lastIndex
        if !write.entries.isEmpty { pending.last = lastIndex }
        write.mustSynchronize =
            mustSynchronize || write.snapshot != nil || !write.entries.isEmpty
        pending.mustSynchronize = write.mustSynchronize
        newestWrite = write.number
        pendingWrites.append(pending)
        return write
    }

    /// Whether there are entries or a snapshot that no write contains yet.
    var hasUnwritten: Bool {
        if case .received = installation { return true }
        return inProgress < lastIndex
    }

    /// Records that all writes through this number are durable.
    mutating func persisted(through number: WriteNumber) {
        precondition(number <= newestWrite, "the write was never taken")
        let before = stableOrCompacted
        var done = 0
        for write in pendingWrites {
            if write.number > number { break }
            done += 1
            stable = max(stable, write.last)
            if let index = write.snapshot { finishInstallation(of: index) }
        }
        pendingWrites.removeFirst(done)
        unstableBytes -= dataBytes(after: before, through: stableOrCompacted)
    }

    /// The index before the first unstable entry kept. A snapshot that is being installed has
    /// replaced what was durable.
    private var stableOrCompacted: LogIndex {
        max(stable, compacted.index)
    }

    /// A durable snapshot may be applied, even if a newer one follows it.
    private mutating func finishInstallation(of index: LogIndex) {
        applying = max(applying, index)
        applyingBytes = 0
        guard case .writing(let current) = installation, current == index else { return }
        installation = .none
        stable = max(stable, index)
    }

    // MARK: - Apply

    /// Returns committed and durable entries to be applied, within the limit on bytes in progress.
    mutating func takeCommitted(applyingBytesMax: Int) -> [Entry] {
        let bound = min(committed, stable)
        guard !isInstalling, applying < bound, applyingBytes < applyingBytesMax else { return [] }
        let taken = entries(
            from: applying.next, through: bound, bytesMax: applyingBytesMax - applyingBytes)
        for entry in taken {
            applyingBytes += entry.sizeBytes
        }
        applying = applying + taken.count
        return taken
    }

    /// Whether committed and durable entries are held back until others are applied.
    var isApplyingPaused: Bool { !isInstalling && applying < min(committed, stable) }

    /// Records that the caller applies entries through `index` that were not in a `Ready`.
    mutating func recordApplying(through index: LogIndex) {
        guard index > applying else { return }
        precondition(
            index <= min(committed, stable), "only committed and durable entries are applied")
        while applying < index {
            applying = applying.next
            applyingBytes += ring[applying - firstIndex].sizeBytes
        }
    }

    /// Records that the application has applied all entries through `index`.
    mutating func applied(to index: LogIndex) {
        precondition(index <= applying, "the entries were never returned to be applied")
        var position = max(applied, compacted.index)
        while position < index {
            position = position.next
            applyingBytes -= ring[position - firstIndex].sizeBytes
        }
        applied = max(applied, index)
    }
}
