import Disk
import Membership

/// A machine with a disk, a clock and, while it is up, a member.
final class Host {
    enum State: Equatable {
        case up
        /// Crashed or stopped; it comes back.
        case down
        /// It never comes back: its member was removed, or its disk is damaged.
        case gone
    }

    let number: Int
    let id: Membership.MemberID
    let disk: MemoryDisk
    var clock: HostClock
    /// Whether it belongs to those who found the cluster.
    let isFounder: Bool
    var state = State.down
    /// What its program says it is.
    var version = Simulation.newVersion
    var member: SimulatedMember?
    /// Counts the starts of its member: what was planned for an earlier one does not happen.
    var runs = 0
    var nextRequest: UInt64 = 1
    /// Until when the process stands still.
    private(set) var pausedUntil: Nanoseconds = 0
    /// Until when single lanes stand still, as threads that get no processor do.
    private var heldUntil = [Nanoseconds](repeating: 0, count: Lane.allCases.count)
    /// Until when no synchronization of the log ends, nor anything else that is asked of its disk.
    var logHangsUntil: Nanoseconds = 0
    /// Until when its disk answers nothing.
    var stalledUntil: Nanoseconds = 0
    /// Faults that explain why its member may stop by itself.
    var hasDiskFault = false
    /// Whether a fault has left the database in doubt: the next commit says so, maybe when the fault
    /// is over.
    var isDiskInDoubt = false
    /// Whether bits of durable files were changed: then it may refuse to start, and nothing else.
    var isDamaged = false
    /// Whether a page of the database was damaged while its member ran: whoever reads that stops, and
    /// is replaced.
    var hasDamagedPage = false
    /// What its disk held before bits of it were changed.
    var intact: MemoryDisk?
    /// A crash will come out of the middle of a disk call.
    var isHaltPlanned = false
    /// Ends of its member in the midst of a compaction, a defragmentation, or while a received state
    /// takes the place of the present one.
    var compactionCrash: PlannedCrash?
    var defragmentationCrash: PlannedCrash?
    var installationCrash: PlannedCrash?
    /// Whether the planned end is one of the process alone.
    var endsWithPower = false
    /// The entry by which its member was removed, as far as anybody has applied it.
    var removedAt = UInt64.max
    /// Whether its removal leaves one member behind, which cannot lead without its vote before the
    /// removal is durable there.
    var leavesOneBehind = false
    /// What it must not forget.
    var durable = DurableLog()
    /// Ticks differ a little between members.
    let tickMilliseconds: Int64

    init(
        number: Int, id: Membership.MemberID, isFounder: Bool, clock: HostClock,
        tickMilliseconds: Int64, seed: UInt64
    ) {
        self.number = number
        self.id = id
        self.isFounder = isFounder
        self.clock = clock
        self.tickMilliseconds = tickMilliseconds
        disk = MemoryDisk(seed: seed)
    }

    /// Term and index of the last durable entry of a member that is up.
    var newestEntry: (term: UInt64, index: UInt64)? {
        guard member != nil, let term = durable.term(at: durable.lastIndex) else { return nil }
        return (term, durable.lastIndex)
    }

    /// The member, if it still is the one that was started so many starts ago.
    func member(ofRun run: Int) -> SimulatedMember? {
        run == runs ? member : nil
    }

    /// Until when a lane stands still, by itself or with the whole process.
    func standsStill(_ lane: Lane) -> Nanoseconds { max(pausedUntil, heldUntil[lane.rawValue]) }

    /// Has the process stand still; never for less than it does already, since what waits for its
    /// end is planned for then.
    func pause(until time: Nanoseconds) { pausedUntil = max(pausedUntil, time) }

    /// Has one lane stand still; the others go on.
    func hold(_ lane: Lane, until time: Nanoseconds) { heldUntil[lane.rawValue] = time }

    /// Everything that stands still goes on, and no planned end comes.
    func goOn(at now: Nanoseconds) {
        (compactionCrash, defragmentationCrash, installationCrash) = (nil, nil, nil)
        pausedUntil = min(pausedUntil, now)
        logHangsUntil = min(logHangsUntil, now)
        for lane in heldUntil.indices { heldUntil[lane] = min(heldUntil[lane], now) }
    }

    /// Whether it may have to be replaced.
    var isUnsound: Bool { isDamaged || hasDamagedPage }

    var peerURL: String { "http://host\(number):2380" }
}
