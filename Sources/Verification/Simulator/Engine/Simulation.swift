import Auth
import Disk
import EtcdAPI
import Identifiers
import Linearizability
import MVCC
import Membership
import MonotonicClock
import Raft

/// Runs a cluster on one thread and virtual time, with clients and faults that follow from the
/// seed, and checks what its clients observe and what its members do.
package func simulate(_ configuration: SimulationConfiguration) -> SimulationReport {
    let simulation = Simulation(configuration)
    simulation.run()
    return simulation.report
}

/// A run: everything that happens is an event of its queue.
///
/// Deterministic: one thread, one queue, generators that follow from the seed, and the order of
/// hash tables never affects what is scheduled.
final class Simulation {
    let configuration: SimulationConfiguration
    var report: SimulationReport
    var trace = Trace()
    var now: VirtualTime = .zero
    private var queue = EventQueue<SimulationEvent>()

    /// Draws durations; the other generators draw what their names say.
    var timing: SeededGenerator
    var faultRandom: SeededGenerator
    var clientRandom: SeededGenerator
    var checkRandom: SeededGenerator

    var limits: MemberLimits
    /// How often, in a million, the caller runs a batch inline while the dedicated thread of the
    /// stage is parked.
    let inlineShare: Int
    /// Members that failed during the current event.
    var failed: [SimulatedMember] = []
    let plan: FaultPlan
    var hosts: [Host] = []
    var hostNumbers: [MemberID: Int] = [:]
    var initialMembers: [Membership.Member] = []
    var network = Network()
    var transfers: [Int: Transfer] = [:]
    var nextTransfer = 0
    var repairs: [Int: Repair] = [:]
    var nextRepair = 0
    /// Whether faults are still injected and clients still begin calls.
    var isFaultPhase = true

    let safety = RaftSafety()
    let states = StateAgreement()
    var clients = ClientPopulation()
    var administration = Administration()
    var watchClients: [WatchClient] = []
    var leaseHolders: [LeaseHolder] = []
    /// The term in which the joint configuration was entered, while there is one.
    var jointTerm: Term?
    let record: ClusterRecord
    /// The calls that requests belong to, and who made them.
    var requestCalls: [UInt64: CallNumber] = [:]
    var requestIdentities: [UInt64: Identity] = [:]
    /// Entries that a mutant has changed before they were applied.
    var originals: [LogIndex: Entry] = [:]
    var users: UserAdministration

    var mutant: Mutant? { configuration.mutant }

    init(_ configuration: SimulationConfiguration) {
        self.configuration = configuration
        report = SimulationReport(configuration)
        var seeds = SeededGenerator(seed: configuration.seed)
        timing = SeededGenerator(seed: seeds.next())
        faultRandom = SeededGenerator(seed: seeds.next())
        clientRandom = SeededGenerator(seed: seeds.next())
        var choices = SeededGenerator(seed: seeds.next())
        checkRandom = SeededGenerator(seed: seeds.next())
        plan = configuration.scenario.map { FaultPlan($0) } ?? FaultPlan(&choices)
        record = ClusterRecord(driftMillionths: plan.drift)
        users = UserAdministration(
            seed: configuration.seed,
            isActive: configuration.hasUsers ?? configuration.scenario?.hasUsers)
        limits = MemberLimits(&choices)
        let shares = [0, 200_000, 800_000, 1_000_000]
        inlineShare = shares[choices.number(below: shares.count)]
        report.profile = plan.name
        let drawn = Self.sizes[choices.number(below: Self.sizes.count)]
        let members = configuration.members ?? configuration.scenario?.members ?? drawn
        plan.adjust(&limits)
        // A leader whose proposals are lost revokes so many leases twice a second, and no more of
        // them than the apply gap allows.
        let ends = min(
            limits.configuration.revocationsInFlightMax, 2 * limits.configuration.applyGapMax)
        record.leases.revocationsPerSecondMax = Int64(ends)
        for number in 0..<members { addInitialHost(number, &choices) }
        network.addHosts(members)
        initialMembers = hosts.map {
            Membership.Member(id: $0.id, peerURLs: [$0.peerURL], name: "host\($0.number)")
        }
        clients = ClientPopulation(&choices)
        for _ in 0...choices.number(below: 4) {
            watchClients.append(WatchClient(&choices, mutant: configuration.mutant))
        }
        let holders = choices.number(below: 5)
        addLeaseHolders(count: plan.leaseHolders ?? holders, &choices)
    }

    /// Initial cluster sizes, each listed as often as it is to be drawn.
    private static let sizes = [3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7, 2, 1]

    func run() {
        do {
            try runFaultPhase()
            endFaults()
            try run(until: now + configuration.recoveryTime - Self.deliveryTime)
            try runWhileCatchingUp()
            let due = record.log.newest
            try run(until: now + Self.deliveryTime)
            try checkRun(eventsDueThrough: due)
        } catch {
            report.failures.append("at \(now.sinceStart / .microsecond) us: \(error)")
        }
        report.virtualTime = now.sinceStart
        report.traceHash = trace.value
        report.revision = states.newestRevision
    }

    /// Longer than the pauses between two reads of a watch client: later events need not be
    /// received.
    private static let deliveryTime = TimeSpan.seconds(3)

    private func runFaultPhase() throws {
        for host in hosts {
            schedule(.start(host: host.number), after: timing.duration(.zero...300 * .millisecond))
        }
        for kind in FaultKind.allCases { planFirstFault(kind) }
        for client in clients.all.indices {
            schedule(.client(client), after: timing.duration(.zero...2 * .second))
        }
        for holder in leaseHolders.indices {
            schedule(.leaseHolder(holder), after: timing.duration(.second...3 * .second))
        }
        for client in watchClients.indices {
            schedule(.watchClient(client), after: timing.duration(.second...5 * .second))
        }
        beginUserAdministration()
        schedule(.beginSlowRead, after: 2 * .second)
        schedule(.administrate, after: 3 * .second)
        schedule(.checkVersions, after: 2 * .second)
        schedule(.compareHashes, after: .second)
        try run(until: .zero + configuration.faultTime)
    }

    /// Goes on as long as members that are behind come nearer to the leader: with the smallest
    /// messages, one of them in flight, that takes longer than the recovery.
    private func runWhileCatchingUp() throws {
        var before = Int.max
        while let gap = largestGap, gap > Self.gapMax, gap < before {
            before = gap
            try run(until: now + Self.catchUpInterval)
        }
    }

    /// Enough for a member to come nearer, however slowly.
    private static let catchUpInterval = TimeSpan.seconds(10)

    func run(until end: VirtualTime) throws {
        while let time = queue.nextTime, time <= end, let next = queue.next() {
            if let most = configuration.stepsMax, report.steps >= most { break }
            now = next.time
            report.steps += 1
            trace.add(next.time.sinceStart.nanoseconds)
            try handle(next.event)
            try stopFailed()
        }
        now = max(now, end)
    }

    func schedule(_ event: SimulationEvent, after delay: TimeSpan) {
        queue.schedule(event, at: now + max(delay, .nanoseconds(1)))
    }

    /// Prints a line of the trace, if requested.
    func printTrace(_ text: @autoclosure () -> String) {
        guard configuration.printsTrace else { return }
        let milliseconds = now.sinceStart.milliseconds
        print("\(milliseconds) ms: \(text())")
    }
}
