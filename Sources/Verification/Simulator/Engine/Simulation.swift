import Disk
import EtcdAPI
import Linearizability
import MVCC
import Membership
import Raft

/// Runs a cluster on one thread and virtual time, under clients and faults that follow from the
/// seed, and judges what its clients saw and what its members did.
package func simulate(_ settings: SimulationSettings) -> SimulationReport {
    let simulation = Simulation(settings)
    simulation.run()
    return simulation.report
}

/// A run under way: everything that happens is an event of its queue.
///
/// Deterministic: one thread, one queue, generators that follow from the seed, and no order of a
/// hash table reaches what is planned.
final class Simulation {
    let settings: SimulationSettings
    var report: SimulationReport
    var trace = Trace()
    var now: Nanoseconds = 0
    private var queue = EventQueue<SimulationEvent>()

    /// Draws how long things take; the others draw what their names say.
    var timing: SeededGenerator
    var faultDice: SeededGenerator
    var clientDice: SeededGenerator
    var judgeDice: SeededGenerator

    var limits: MemberLimits
    /// How often, in a million, a turn is run by whoever posts while the owner of the stage sleeps.
    let guestShare: Int
    /// Members that cannot go on, since the present event.
    var failed: [SimulatedMember] = []
    let plan: FaultPlan
    var hosts: [Host] = []
    var hostNumbers: [UInt64: Int] = [:]
    var founders: [Membership.Member] = []
    var network = Network()
    var transfers: [Int: Transfer] = [:]
    var nextTransfer = 0
    var repairs: [Int: Repair] = [:]
    var nextRepair = 0
    /// Whether faults still come and clients still begin calls.
    var isStormy = true

    let safety = RaftSafety()
    let states = StateAgreement()
    var clients = ClientPopulation()
    var administration = Administration()
    var watchClients: [WatchClient] = []
    var leaseHolders: [LeaseHolder] = []
    /// The term in which the joint configuration was entered, while there is one.
    var jointTerm: Term?
    let record: ClusterRecord
    /// The calls that requests belong to.
    var requestCalls: [UInt64: CallNumber] = [:]

    var mutant: Mutant? { settings.mutant }

    init(_ settings: SimulationSettings) {
        self.settings = settings
        report = SimulationReport(settings)
        var seeds = SeededGenerator(seed: settings.seed)
        timing = SeededGenerator(seed: seeds.next())
        faultDice = SeededGenerator(seed: seeds.next())
        clientDice = SeededGenerator(seed: seeds.next())
        var choices = SeededGenerator(seed: seeds.next())
        judgeDice = SeededGenerator(seed: seeds.next())
        plan = settings.scenario.map { FaultPlan($0) } ?? FaultPlan(&choices)
        record = ClusterRecord(driftMillionths: plan.drift)
        limits = MemberLimits(&choices)
        let shares = [0, 200_000, 800_000, 1_000_000]
        guestShare = shares[choices.number(below: shares.count)]
        report.profile = plan.name
        let drawn = Self.sizes[choices.number(below: Self.sizes.count)]
        let members = settings.members ?? settings.scenario?.members ?? drawn
        plan.adjust(&limits)
        // A leader looks twice a second, and takes no more ends than the gap of what is to be applied
        // allows.
        let ends = min(
            UInt64(limits.settings.revocationsPerCheck), 2 * limits.settings.applyGapMaximum)
        record.leases.endsPerSecond = Int64(ends)
        for number in 0..<members { addFounder(number, &choices) }
        network.addHosts(members)
        founders = hosts.map {
            Membership.Member(id: $0.id, peerURLs: [$0.peerURL], name: "host\($0.number)")
        }
        clients = ClientPopulation(&choices)
        for _ in 0...choices.number(below: 4) {
            watchClients.append(WatchClient(&choices, mutant: settings.mutant))
        }
        let holders = choices.number(below: 5)
        addLeaseHolders(count: plan.leaseHolders ?? holders, &choices)
    }

    /// Founding members, as often as runs have so many.
    private static let sizes = [3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 5, 7, 2, 1]

    func run() {
        do {
            try storm()
            calmDown()
            let end = now + settings.calmSeconds * .second
            try run(until: end - Self.deliverySeconds * .second)
            let due = record.log.newest
            try run(until: end)
            try judge(eventsDueThrough: due)
        } catch {
            report.failures.append("at \(now / .microsecond) us: \(error)")
        }
        report.virtualNanoseconds = now
        report.traceHash = trace.value
        report.revision = states.newestRevision
    }

    /// Longer than clients leave their watches alone: what happens later need not be seen.
    private static let deliverySeconds: Int64 = 3

    private func storm() throws {
        for host in hosts {
            schedule(.start(host: host.number), after: timing.duration(0...300 * .millisecond))
        }
        for kind in FaultKind.allCases { planFirstFault(kind) }
        for client in clients.all.indices {
            schedule(.client(client), after: timing.duration(0...2 * .second))
        }
        for holder in leaseHolders.indices {
            schedule(.hold(holder), after: timing.duration(.second...3 * .second))
        }
        for client in watchClients.indices {
            schedule(.look(client), after: timing.duration(.second...5 * .second))
        }
        schedule(.beginSlowRead, after: 2 * .second)
        schedule(.administrate, after: 3 * .second)
        schedule(.watchVersions, after: 2 * .second)
        schedule(.compareHashes, after: .second)
        try run(until: settings.seconds * .second)
    }

    func run(until end: Nanoseconds) throws {
        while let time = queue.nextTime, time <= end, let next = queue.next() {
            if let most = settings.stepsMax, report.steps >= most { break }
            now = next.time
            report.steps += 1
            trace.add(next.time)
            try handle(next.event)
            try endFailed()
        }
        now = max(now, end)
    }

    func schedule(_ event: SimulationEvent, after delay: Nanoseconds) {
        queue.schedule(event, at: now + max(delay, 1))
    }

    /// Tells a line, if anybody listens.
    func tell(_ text: @autoclosure () -> String) {
        guard settings.isTold else { return }
        let milliseconds = now / .millisecond
        print("\(milliseconds) ms: \(text())")
    }
}
