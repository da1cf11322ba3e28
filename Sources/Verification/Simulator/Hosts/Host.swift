import Disk
import Identifiers
import MonotonicClock

/// A machine with a disk, a clock and, while it is up, a member.
final class Host {
    enum State: Equatable {
        case up
        /// Crashed or stopped; it restarts.
        case down
        /// Stopped permanently: its member was removed, or its disk is damaged.
        case gone
    }

    let number: Int
    let id: MemberID
    let disk: MemoryDisk
    var clock: HostClock
    /// Whether its member is one of the initial members.
    let isInitialMember: Bool
    var state = State.down
    /// The version of its program.
    var version = Simulation.newVersion
    var member: SimulatedMember?
    /// Counts the starts of its member: events scheduled for an earlier one are dropped.
    var runs = 0
    var nextRequest: UInt64 = 1
    /// The time until which the process is paused.
    private(set) var pausedUntil: VirtualTime = .zero
    /// The time until which single stages are held, as threads that get no processor.
    private var heldUntil = [VirtualTime](repeating: .zero, count: StageName.allCases.count)
    /// The time until which no synchronization of the log and no other operation on its disk
    /// completes.
    var logHangsUntil: VirtualTime = .zero
    /// The time until which its disk does not respond.
    var stalledUntil: VirtualTime = .zero
    /// Whether a fault explains that its member stops by itself.
    var hasDiskFault = false
    /// Whether a fault has left the state of the database uncertain: the next commit reports it,
    /// maybe after the fault is over.
    var isDiskInDoubt = false
    /// Whether bits of durable files were flipped: then it may refuse to start, and nothing else.
    var isDamaged = false
    /// Whether a page of the database was damaged while its member ran: a member that reads it
    /// stops, and is replaced.
    var hasDamagedPage = false
    /// The content of its disk before bits were flipped.
    var intact: MemoryDisk?
    /// Whether a crash inside a disk call is planned.
    var isHaltPlanned = false
    /// Planned crashes of its member in the midst of a compaction, a defragmentation, or the
    /// installation of a received state.
    var compactionCrash: PlannedCrash?
    var defragmentationCrash: PlannedCrash?
    var installationCrash: PlannedCrash?
    /// Whether the planned crash is one of the process alone.
    var keepsPower = false
    /// The entry that removed its member, once any member has applied it.
    var removedAt = LogIndex.max
    /// Whether its removal leaves a single voter, which cannot lead without its vote before the
    /// removal is durable there.
    var leavesSingleVoter = false
    /// What must not be lost in a crash.
    var durable = DurableLog()
    /// The tick length, which differs a little between members.
    let tickInterval: TimeSpan

    init(
        number: Int, id: MemberID, isInitialMember: Bool, clock: HostClock,
        tickInterval: TimeSpan, seed: UInt64
    ) {
        self.number = number
        self.id = id
        self.isInitialMember = isInitialMember
        self.clock = clock
        self.tickInterval = tickInterval
        disk = MemoryDisk(seed: seed)
    }

    /// Term and index of the last durable entry of a member that is up.
    var newestEntry: (term: Term, index: LogIndex)? {
        guard member != nil, let term = durable.term(at: durable.lastIndex) else { return nil }
        return (term, durable.lastIndex)
    }

    /// The member, if it is still the one of this run.
    func member(ofRun run: Int) -> SimulatedMember? {
        run == runs ? member : nil
    }

    /// What its clock reads at a virtual time, in whole milliseconds.
    func clockTime(at time: VirtualTime) -> MonotonicTime {
        MonotonicTime(milliseconds: clock.reading(at: time).milliseconds)
    }

    /// The time until which a stage is held, by itself or with the whole process.
    func blockedUntil(_ stage: StageName) -> VirtualTime {
        max(pausedUntil, heldUntil[stage.rawValue])
    }

    /// Pauses the process; never shortens a pause, since events are scheduled for its end.
    func pause(until time: VirtualTime) { pausedUntil = max(pausedUntil, time) }

    /// Holds one stage; the others go on.
    func hold(_ stage: StageName, until time: VirtualTime) { heldUntil[stage.rawValue] = time }

    /// Ends all pauses and holds, and drops planned crashes.
    func resume(at now: VirtualTime) {
        (compactionCrash, defragmentationCrash, installationCrash) = (nil, nil, nil)
        pausedUntil = min(pausedUntil, now)
        logHangsUntil = min(logHangsUntil, now)
        for stage in heldUntil.indices { heldUntil[stage] = min(heldUntil[stage], now) }
    }

    /// Whether it may have to be replaced.
    var isUnsound: Bool { isDamaged || hasDamagedPage }

    var peerURL: String { "http://host\(number):2380" }
}
