import Disk
import EtcdAPI
import Identifiers
import MonotonicClock
import WriteAheadLog

/// Hosts come up and go down.
extension Simulation {
    static let clusterID = ClusterID(rawValue: 0xC1)

    func addInitialHost(_ number: Int, _ choices: inout SeededGenerator) {
        addHost(
            number, id: MemberID(rawValue: UInt64(number + 1) * 0x1111),
            isInitialMember: true, &choices)
    }

    func addHost(
        _ number: Int, id: MemberID, isInitialMember: Bool,
        _ choices: inout SeededGenerator
    ) {
        let drift =
            plan.drift == 0 ? 0 : Int64(choices.number(below: 2 * plan.drift)) - Int64(plan.drift)
        let offset = MonotonicTime.zero + .seconds(Int64(1 + choices.number(below: 1000)))
        hosts.append(
            Host(
                number: number, id: id, isInitialMember: isInitialMember,
                clock: HostClock(offset: offset, drift: drift),
                tickInterval: .milliseconds(
                    Int64(plan.ticks[choices.number(below: plan.ticks.count)])),
                seed: choices.next()))
        hostNumbers[id] = number
    }

    /// Whether a member also builds responses without a waiting caller, so that they are compared
    /// with those of the others: half of the runs of members do.
    func buildsAllResponses(of host: Host, run: Int) -> Bool {
        var generator = SeededGenerator(
            seed: configuration.seed ^ UInt64(host.number + 1) << 48 ^ UInt64(run) << 32)
        return generator.happens(500_000)
    }

    /// Starts the member of a host from what its disk holds.
    func start(_ host: Host) throws {
        guard host.state == .down else { return }
        host.runs += 1
        crashWhileBootstrapping(host)
        let directory = MemberDirectory(
            disk: host.disk, id: host.id, clusterID: Self.clusterID, limits: limits,
            mutant: mutant, tickInterval: host.tickInterval, seed: timing.next())
        var restored: RestoredMember?
        do {
            restored = try restoreMember(host, directory)
        } catch let failure as SimulationFailure where !host.isDamaged {
            throw failure
        } catch {
            try refuse(host, error)
        }
        guard let restored else { return }
        guard try mayServe(host, restored, directory) else {
            restored.state.bolt.close()
            report.count(.refusedStarts)
            printTrace("host \(host.number) does not serve its damaged state")
            host.state = .gone
            return
        }
        chooseVersion(for: host, restored)
        if !restored.state.confState.votersOutgoing.isEmpty { report.count(.jointRestarts) }
        host.state = .up
        try recordStart(host, restored)
        host.isDamaged = false
        let member = SimulatedMember(
            host: host, run: host.runs, restored: restored, simulation: self)
        host.member = member
        try safety.observe(started: member)
        printTrace(
            "host \(host.number) starts at \(member.applied), log to "
                + "\(member.replica.lastIndex)")
        scheduleTick(member)
        member.schedule(.consensus)
        member.schedule(.backend)
        schedule(
            .checkForPeers(host: host.number, run: host.runs, attempts: 0), after: .millisecond)
    }

    func restoreMember(_ host: Host, _ directory: MemberDirectory) throws -> RestoredMember {
        guard try !directory.holdsLog else {
            return try directory.restart(
                initialMembers: host.isInitialMember ? initialMembers : nil)
        }
        return host.isInitialMember ? try directory.bootstrap(initialMembers) : try directory.join()
    }

    /// A member that does not start needs a reason: a damaged disk, or an active disk fault.
    private func refuse(_ host: Host, _ error: any Error) throws {
        if host.isDamaged {
            report.count(.refusedStarts)
            printTrace("host \(host.number) refuses to start: \(error)")
            host.state = .gone
            return
        }
        guard host.hasDiskFault else {
            let log = MemberDirectory.describeLog(on: host.disk)
            throw SimulationFailure("host \(host.number) does not start: \(error); \(log)")
        }
        printTrace("host \(host.number) fails to start: \(error)")
        recover(host, losesPower: true)
        schedule(.start(host: host.number), after: timing.duration(.millisecond ... .second))
    }

    /// Everything that was durable must be present.
    private func recordStart(_ host: Host, _ member: RestoredMember) throws {
        guard let restored = member.restoredLog else {
            guard host.durable.lastIndex == 0 else {
                throw SimulationFailure("host \(host.number) has lost its log")
            }
            return
        }
        if host.isInitialMember, restored.isEmpty { report.count(.bootstrapsRepeated) }
        if restored.wasRepaired { report.count(.tornLogs) }
        if LogIndex(restored.hardState.commit) > restored.appliedIndex {
            report.count(.replayedEntries)
        }
        if restored.wasRecovered { report.count(.snapshotsRecovered) }
        try requireDurable(host, restored)
        host.durable.restart(
            compacted: LogIndex(restored.start.index), term: Term(restored.start.term),
            terms: restored.terms)
        host.durable.restart(
            term: Term(restored.hardState.term), vote: MemberID(restored.hardState.vote))
        try states.observe(restarted: member.state, host, record)
        if member.state.store.finishedCompactionRevision < member.state.store.revisions.compacted {
            report.count(.compactionsResumed)
        }
    }

    private func requireDurable(_ host: Host, _ restored: RestoredLog) throws {
        let start = LogIndex(restored.start.index)
        let last = start + restored.terms.count
        // A later leader's snapshot, which stands for another log, may be durable before the
        // entries after it are synchronized.
        let former = host.durable.term(at: start)
        var isReplaced = former.map { $0 < Term(restored.start.term) } ?? false
        for (offset, term) in restored.terms.enumerated() {
            let index = start + offset + 1
            guard let durable = host.durable.term(at: index), durable != term else { continue }
            guard durable < term else {
                throw SimulationFailure(
                    "host \(host.number): entry \(index) was durable with term \(durable), "
                        + "it has \(term)")
            }
            // A later leader's entry reached the disk without a synchronization.
            isReplaced = true
        }
        guard isReplaced || last >= host.durable.lastIndex else {
            throw SimulationFailure(
                "host \(host.number): entries up to \(host.durable.lastIndex) were durable, "
                    + "the log ends at \(last)")
        }
        let (term, vote) = (
            Term(restored.hardState.term), MemberID(restored.hardState.vote)
        )
        let isKept =
            term > host.durable.term
            || (term == host.durable.term
                && (vote == host.durable.vote || host.durable.vote == .none))
        guard isKept else {
            throw SimulationFailure(
                "host \(host.number): vote for \(host.durable.vote) in term \(host.durable.term) "
                    + "was durable, found \(vote) in \(term)")
        }
    }

    /// Stops a member: its process alone, or the whole host, whose disk loses unsynchronized
    /// writes. A disk that has to be mounted again takes the host with it.
    func crash(_ host: Host, losesPower: Bool, reason: String) {
        guard host.state == .up else { return }
        let losesPower = losesPower || host.disk.hasFailedDirectory
        printTrace("host \(host.number) \(losesPower ? "loses power" : "stops"): \(reason)")
        report.count(losesPower ? .powerFailures : .crashes)
        let calls = host.member?.openCalls.sorted() ?? []
        host.member = nil
        host.state = .down
        abandonTransfers(with: host)
        recover(host, losesPower: losesPower)
        for call in calls { loseCall(call) }
        guard !host.hasDamagedPage else { return host.state = .gone }
        schedule(.start(host: host.number), after: timing.duration(plan.downTime))
    }

    private func recover(_ host: Host, losesPower: Bool) {
        host.disk.inject(MemoryDiskFaults())
        host.hasDiskFault = false
        host.isDiskInDoubt = false
        host.isHaltPlanned = false
        if losesPower {
            host.disk.crash(seed: faultRandom.next())
            host.durable.forgetPending()
        } else {
            host.disk.closeAllFiles()
        }
    }

    /// Whether a member considers the connection to another one alive.
    func isConnected(_ host: Host, to member: MemberID) -> Bool {
        guard let number = hostNumbers[member], hosts[number].state == .up else {
            return false
        }
        return !network.isKnownCut(from: host.number, to: number, at: now)
    }

    func host(of member: MemberID) -> Host? {
        hostNumbers[member].map { hosts[$0] }
    }
}
