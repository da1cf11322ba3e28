/// The log of one member: every entry since the last compaction, in memory.
///
/// Five positions divide it, `compacted.index <= applied <= applying <= committed <= last`:
/// - `compacted`: the entry before the first one kept; what a snapshot or a compaction left
/// - `applied`: the application reported it as applied
/// - `applying`: handed out to be applied
/// - `committed`: a quorum holds it, it never changes
/// - `last`: the newest entry
///
/// and on the way to the disk, independent of them, `stable <= handedToDisk <= last`: what is
/// durable, and what was handed out to be written. An entry is handed out to be applied only if
/// it is both committed and durable here, so that no state gets ahead of its log.
///
/// While a received snapshot is not yet durable nothing is handed out to be applied.
struct RaftLog: Sendable {
    /// A received snapshot on its way to the disk.
    enum Installation: Sendable {
        case none
        case received(Snapshot)
        case writing(LogIndex)
    }

    /// A write that is not yet reported as durable. `last` is what it makes durable of the log as
    /// it now is: a truncation lowers it, since a later write replaces the rest.
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
    private(set) var handedToDisk: LogIndex
    private(set) var stable: LogIndex
    /// Size of the data of the entries after `stable`.
    private(set) var unstableBytes = 0
    private(set) var installation = Installation.none
    /// Size of the entries between `applied` and `applying`.
    private(set) var applyingBytes = 0
    private var pendingWrites: [PendingWrite] = []
    private var newestWrite = WriteNumber(rawValue: 0)

    /// A log whose entries after `compacted` are all durable.
    init(
        compacted: EntryID, entries: [Entry], committed: LogIndex, applied: LogIndex
    ) throws(RestoreError) {
        var previous = compacted
        for entry in entries {
            guard entry.index == previous.index.next, entry.term >= previous.term else {
                throw .entriesNotContiguous(entry.index)
            }
            ring.append(entry)
            previous = entry.id
        }
        guard applied >= compacted.index, applied <= previous.index else {
            throw .appliedOutOfRange(applied)
        }
        guard committed <= previous.index else { throw .commitOutOfRange(committed) }
        self.compacted = compacted
        // The commit index on disk may lag; what was applied was committed.
        self.committed = max(committed, applied)
        applying = applied
        self.applied = applied
        handedToDisk = previous.index
        stable = previous.index
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

    /// Whether a write that needs an fdatasync is under way.
    var awaitsSynchronization: Bool {
        pendingWrites.contains(where: \.mustSynchronize)
    }

    /// Term of the entry at `index`; nil if it was compacted or does not exist.
    func term(at index: LogIndex) -> Term? {
        if index == compacted.index { return compacted.term }
        guard index > compacted.index, index <= lastIndex else { return nil }
        return ring[index - firstIndex].term
    }

    /// Whether the log holds this very entry.
    func contains(_ id: EntryID) -> Bool {
        term(at: id.index) == id.term
    }

    func entry(at index: LogIndex) -> Entry? {
        guard index > compacted.index, index <= lastIndex else { return nil }
        return ring[index - firstIndex]
    }

    /// Entries from `first` through `last`, cut before the limit is passed, but at least one.
    ///
    /// Empty if `first` is after `last`. Must not start before `firstIndex`.
    func entries(from first: LogIndex, through last: LogIndex, maxBytes: Int) -> [Entry] {
        precondition(first > compacted.index, "the entries were compacted")
        let start = first - firstIndex
        let bound = min(last, lastIndex) - firstIndex + 1
        guard start < bound else { return [] }
        var end = start + 1
        var bytes = ring[start].sizeBytes
        while end < bound {
            bytes += ring[end].sizeBytes
            if bytes > maxBytes { break }
            end += 1
        }
        return ring.copy(start..<end)
    }

    /// Size of the data of the entries after one position, through another.
    func dataBytes(after index: LogIndex, through last: LogIndex) -> Int {
        var bytes = 0
        var position = index
        while position < last {
            position = position.next
            bytes += ring[position - firstIndex].data.count
        }
        return bytes
    }

    /// Greatest index at or before `index` whose term is not above `term`: where two logs, one
    /// with `term` at `index`, may still agree. The term is zero if it is not known any more.
    func agreementBound(index: LogIndex, term: Term) -> EntryID {
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

    /// Adds an entry of this member's own at the end.
    mutating func append(_ entry: Entry) {
        precondition(entry.index == lastIndex.next, "an entry is added at the end of the log")
        ring.append(entry)
        unstableBytes += entry.data.count
    }

    /// Drops the entries from `first` on; none of them may be committed.
    mutating func truncate(from first: LogIndex) {
        precondition(first > committed, "what is committed is never dropped")
        let kept = first.previous
        guard kept < lastIndex else { return }
        unstableBytes -= dataBytes(after: max(stableOrCompacted, kept), through: lastIndex)
        ring.removeLast(lastIndex - kept)
        handedToDisk = min(handedToDisk, kept)
        stable = min(stable, kept)
        for position in pendingWrites.indices {
            pendingWrites[position].last = min(pendingWrites[position].last, kept)
        }
    }

    /// Moves the commit index forward; it never goes back.
    mutating func commit(to index: LogIndex) {
        precondition(index <= lastIndex, "only existing entries are committed")
        committed = max(committed, index)
    }

    /// Lets go of entries up to and including `index`, as far as they are applied.
    mutating func compact(to index: LogIndex) {
        let bound = min(index, applied)
        guard bound > compacted.index, let term = term(at: bound) else { return }
        ring.removeFirst(bound - compacted.index)
        compacted = EntryID(term: term, index: bound)
    }

    /// Replaces everything by a snapshot that is ahead of the commit index.
    mutating func install(_ snapshot: Snapshot) {
        precondition(snapshot.index > committed, "a snapshot only moves the log forward")
        ring.removeFirst(ring.count)
        compacted = snapshot.id
        committed = snapshot.index
        handedToDisk = snapshot.index
        stable = .zero
        unstableBytes = 0
        for position in pendingWrites.indices {
            pendingWrites[position].last = .zero
        }
        installation = .received(snapshot)
    }

    // MARK: - Disk

    /// Takes what is new for the disk as the next write.
    mutating func takeWrite(hardState: HardState?, mustSynchronize: Bool) -> LogWrite {
        var write = LogWrite(number: nextWrite, hardState: hardState)
        var pending = PendingWrite(number: nextWrite, last: .zero, mustSynchronize: false)
        if case .received(let snapshot) = installation {
            write.snapshot = snapshot
            pending.snapshot = snapshot.index
            installation = .writing(snapshot.index)
        }
        write.entries = entries(from: handedToDisk.next, through: lastIndex, maxBytes: .max)
        handedToDisk = lastIndex
        if !write.entries.isEmpty { pending.last = lastIndex }
        write.mustSynchronize =
            mustSynchronize || write.snapshot != nil || !write.entries.isEmpty
        pending.mustSynchronize = write.mustSynchronize
        newestWrite = write.number
        pendingWrites.append(pending)
        return write
    }

    /// Whether entries or a snapshot wait to be taken.
    var hasUnwritten: Bool {
        if case .received = installation { return true }
        return handedToDisk < lastIndex
    }

    /// Notes that all writes up to this number are durable.
    mutating func persisted(through number: WriteNumber) {
        precondition(number <= newestWrite, "only writes that were taken can be durable")
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

    /// Where the entries that are kept and not durable begin. A snapshot that is being installed
    /// has replaced what was durable.
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

    // MARK: - Application

    /// Takes committed and durable entries to be applied, within the limit on bytes handed out.
    mutating func takeCommitted(maxApplyingBytes: Int) -> [Entry] {
        let bound = min(committed, stable)
        guard !isInstalling, applying < bound, applyingBytes < maxApplyingBytes else { return [] }
        let taken = entries(
            from: applying.next, through: bound, maxBytes: maxApplyingBytes - applyingBytes)
        for entry in taken {
            applyingBytes += entry.sizeBytes
        }
        applying = applying + taken.count
        return taken
    }

    /// Whether committed and durable entries wait until others are applied.
    var holdsCommittedBack: Bool { !isInstalling && applying < min(committed, stable) }

    /// Notes that entries up to `index` were given out to be applied without being asked for.
    mutating func noteHandedOut(through index: LogIndex) {
        guard index > applying else { return }
        precondition(
            index <= min(committed, stable), "only what is committed and durable is given out")
        while applying < index {
            applying = applying.next
            applyingBytes += ring[applying - firstIndex].sizeBytes
        }
    }

    /// Notes that the application has applied everything up to `index`.
    mutating func applied(to index: LogIndex) {
        precondition(index <= applying, "only what was handed out can be applied")
        var position = max(applied, compacted.index)
        while position < index {
            position = position.next
            applyingBytes -= ring[position - firstIndex].sizeBytes
        }
        applied = max(applied, index)
    }
}
