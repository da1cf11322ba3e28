import Disk
import EtcdAPI
import Membership
import Raft
import WriteAheadLog

/// Hosts come up and go down.
extension Simulation {
    static let clusterID = ClusterID(rawValue: 0xC1)

    func addFounder(_ number: Int, _ choices: inout SeededGenerator) {
        addHost(
            number, id: Membership.MemberID(rawValue: UInt64(number + 1) * 0x1111),
            isFounder: true, &choices)
    }

    func addHost(
        _ number: Int, id: Membership.MemberID, isFounder: Bool, _ choices: inout SeededGenerator
    ) {
        let drift =
            plan.drift == 0 ? 0 : Int64(choices.number(below: 2 * plan.drift)) - Int64(plan.drift)
        let offset = Int64(1 + choices.number(below: 1000)) * .second
        hosts.append(
            Host(
                number: number, id: id, isFounder: isFounder,
                clock: HostClock(offset: offset, drift: drift),
                tickMilliseconds: Int64(plan.ticks[choices.number(below: plan.ticks.count)]),
                seed: choices.next()))
        hostNumbers[id.rawValue] = number
    }

    /// Starts the member of a host from what its disk holds.
    func start(_ host: Host) throws {
        guard host.state == .down else { return }
        host.runs += 1
        endWhileFounding(host)
        let directory = MemberDirectory(
            disk: host.disk, id: host.id, clusterID: Self.clusterID, limits: limits,
            mutant: mutant, tickMilliseconds: Int(host.tickMilliseconds), seed: timing.next())
        var parts: MemberParts?
        do {
            parts = try makeParts(host, directory)
        } catch let failure as SimulationFailure where !host.isDamaged {
            throw failure
        } catch {
            try refuse(host, error)
        }
        guard let parts else { return }
        guard try mayServe(host, parts, directory) else {
            parts.state.bolt.close()
            report.count(.refusedStarts)
            tell("host \(host.number) does not serve its damaged state")
            host.state = .gone
            return
        }
        chooseProgram(for: host, parts)
        if !parts.state.confState.votersOutgoing.isEmpty { report.count(.jointRestarts) }
        host.state = .up
        try noteStart(host, parts)
        host.isDamaged = false
        let member = SimulatedMember(host: host, run: host.runs, parts: parts, simulation: self)
        host.member = member
        try safety.observe(started: member)
        tell(
            "host \(host.number) starts at \(member.applied), log to \(member.replica.lastIndex.rawValue)"
        )
        scheduleTick(member)
        member.plan(.consensus)
        member.plan(.backend)
        schedule(.lookForPeers(host: host.number, run: host.runs, looks: 0), after: .millisecond)
    }

    func makeParts(_ host: Host, _ directory: MemberDirectory) throws -> MemberParts {
        guard try !directory.holdsLog else {
            return try directory.restart(founders: host.isFounder ? founders : nil)
        }
        return host.isFounder ? try directory.found(founders) : try directory.join()
    }

    /// A member that does not start needs a reason: a damaged disk, or one that fails right now.
    private func refuse(_ host: Host, _ error: any Error) throws {
        if host.isDamaged {
            report.count(.refusedStarts)
            tell("host \(host.number) refuses to start: \(error)")
            host.state = .gone
            return
        }
        guard host.hasDiskFault else {
            let log = MemberDirectory.describeLog(on: host.disk)
            throw SimulationFailure("host \(host.number) does not start: \(error); \(log)")
        }
        tell("host \(host.number) fails to start: \(error)")
        recover(host, losesPower: true)
        schedule(.start(host: host.number), after: timing.duration(.millisecond ... .second))
    }

    /// All that was durable must be there again.
    private func noteStart(_ host: Host, _ parts: MemberParts) throws {
        guard let found = parts.found else {
            guard host.durable.lastIndex == 0 else {
                throw SimulationFailure("host \(host.number) has lost its log")
            }
            return
        }
        if host.isFounder, found.isEmpty { report.count(.foundedAgain) }
        if found.wasRepaired { report.count(.tornLogs) }
        if found.hardState.commit > found.appliedIndex { report.count(.replayedEntries) }
        if found.wasRecovered { report.count(.snapshotsRecovered) }
        try requireDurable(host, found)
        host.durable.restart(
            compacted: found.start.index, term: found.start.term, terms: found.terms)
        host.durable.restart(term: found.hardState.term, vote: found.hardState.vote)
        try states.observe(restarted: parts.state, host, record)
        if parts.state.store.finishedCompactionRevision < parts.state.store.revisions.compacted {
            report.count(.compactionsResumed)
        }
    }

    private func requireDurable(_ host: Host, _ found: FoundLog) throws {
        let last = found.start.index + UInt64(found.terms.count)
        // A later leader's snapshot, which stands for another log, may be durable before anybody has
        // synchronized what follows it.
        let former = host.durable.term(at: found.start.index)
        var isReplaced = former.map { $0 < found.start.term } ?? false
        for (place, term) in found.terms.enumerated() {
            let index = found.start.index + UInt64(place) + 1
            guard let durable = host.durable.term(at: index), durable != term else { continue }
            guard durable < term else {
                throw SimulationFailure(
                    "host \(host.number): entry \(index) was durable with term \(durable), "
                        + "it has \(term)")
            }
            // A later leader's entry got to the disk without having been synchronized.
            isReplaced = true
        }
        guard isReplaced || last >= host.durable.lastIndex else {
            throw SimulationFailure(
                "host \(host.number): entries up to \(host.durable.lastIndex) were durable, "
                    + "the log ends at \(last)")
        }
        let (term, vote) = (found.hardState.term, found.hardState.vote)
        let isKept =
            term > host.durable.term
            || (term == host.durable.term && (vote == host.durable.vote || host.durable.vote == 0))
        guard isKept else {
            throw SimulationFailure(
                "host \(host.number): vote for \(host.durable.vote) in term \(host.durable.term) "
                    + "was durable, found \(vote) in \(term)")
        }
    }

    /// Ends a member: its process alone, or the whole host with what its disk had not synchronized.
    func crash(_ host: Host, losesPower: Bool, reason: String) {
        guard host.state == .up else { return }
        tell("host \(host.number) stops\(losesPower ? " with its power" : ""): \(reason)")
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
            host.disk.crash(seed: faultDice.next())
            host.durable.forgetPending()
        } else {
            host.disk.closeAllFiles()
        }
    }

    /// Whether a member believes that messages to another one have a way.
    func isConnected(_ host: Host, to member: Raft.MemberID) -> Bool {
        guard let number = hostNumbers[member.rawValue], hosts[number].state == .up else {
            return false
        }
        return !network.isKnownCut(from: host.number, to: number, at: now)
    }

    func host(of member: Raft.MemberID) -> Host? {
        hostNumbers[member.rawValue].map { hosts[$0] }
    }
}
