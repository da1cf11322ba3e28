import Disk
import EtcdAPI
import MonotonicClock

/// What undoes a fault.
enum Repair {
    case links([(from: Int, to: Int)])
    /// Links that are cut and healed alternately, so many times more.
    case flapping([(from: Int, to: Int)], left: Int, isCut: Bool)
    case space(host: Int)
}

/// Faults begin, each kind at its own rate, and end.
extension Simulation {
    func planFault(_ kind: FaultKind) {
        guard let interval = plan.interval(of: kind) else { return }
        let delay =
            TimeSpan.nanoseconds(Int64(faultRandom.next() % UInt64(2 * interval.nanoseconds)))
            + .millisecond
        schedule(.fault(kind), after: delay)
    }

    /// The first fault of a kind; sometimes so early that a member stops while it bootstraps.
    func planFirstFault(_ kind: FaultKind) {
        let isEarly =
            [.crash, .powerFailure, .halt].contains(kind) && plan.interval(of: kind) != nil
            && faultRandom.happens(300_000)
        guard isEarly else { return planFault(kind) }
        schedule(.fault(kind), after: faultRandom.duration(.millisecond...600 * .millisecond))
    }

    func injectFault(_ kind: FaultKind) throws {
        guard isFaultPhase else { return }
        planFault(kind)
        let up = hosts.filter { $0.state == .up }
        guard !up.isEmpty else { return }
        let host = up[faultRandom.number(below: up.count)]
        switch kind {
        case .crash: crash(host, losesPower: false, reason: "killed")
        case .powerFailure: powerFailure(host)
        case .halt: planHalt(host)
        case .pause: pause(faultRandom.happens(500_000) ? leadingHost ?? host : host)
        case .leaderFreeze: freezeLeader()
        case .stageHold: holdStage(faultRandom.happens(500_000) ? leadingHost ?? host : host)
        case .partition: partition()
        case .oneWayCut: cutOneWay(host)
        case .flapping: flap(host)
        case .isolation: isolate(faultRandom.happens(500_000) ? leadingHost ?? host : host)
        case .brokenConnection:
            breakConnections(of: faultRandom.happens(500_000) ? leadingHost ?? host : host)
        case .flood: floodLeader()
        case .synchronizeFailure: planDiskFailure(host)
        case .fullDisk: fill(host)
        case .stall:
            report.count(.stalls)
            host.stalledUntil = now + faultRandom.duration(10 * .millisecond...5 * .second)
        case .hungDisk: hang(faultRandom.happens(700_000) ? leadingHost ?? host : host)
        case .clockJump:
            report.count(.clockJumps)
            host.clock.jump(
                by: faultRandom.duration(.millisecond...3 * .second), at: now)
            if host.member?.state.lessor.isPrimary == true {
                record.leases.clockJumped(at: MonotonicTime(now))
            }
        case .wipe, .bitFlip: damage(host, kind)
        case .pageDamage: damagePages(host)
        case .versionChange: changeVersions()
        case .jointChange: proposeJointChange()
        case .removal: removeMember()
        case .compactionCrash: crashInCompaction(host)
        case .defragmentationCrash: crashInDefragmentation(host)
        case .installationCrash: host.installationCrash = drawCrash(steps: 3)
        }
    }

    /// Sometimes all hosts lose power at once: promises must be durable all the same.
    private func powerFailure(_ host: Host) {
        if faultRandom.happens(150_000) {
            for host in hosts { crash(host, losesPower: true, reason: "power failure everywhere") }
        } else {
            crash(host, losesPower: true, reason: "power failure")
        }
    }

    /// Sometimes an initial member stops inside one of the disk calls of its bootstrap.
    func crashWhileBootstrapping(_ host: Host) {
        guard isFaultPhase, host.runs == 1, host.isInitialMember, plan.interval(of: .halt) != nil,
            faultRandom.happens(300_000)
        else { return }
        planHalt(host)
    }

    private func planHalt(_ host: Host) {
        guard !host.hasDiskFault else { return }
        var faults = MemoryDiskFaults()
        faults.changesBeforeHalt = faultRandom.number(below: 60)
        inject(faults, host)
        host.isHaltPlanned = true
    }

    private func planDiskFailure(_ host: Host) {
        guard !host.hasDiskFault else { return }
        var faults = MemoryDiskFaults()
        let countdown = faultRandom.number(below: 12)
        if faultRandom.happens(700_000) {
            faults.synchronizesBeforeFailure = countdown
        } else {
            // A write that ends inside a sector is no different from damage: the member may refuse
            // its log, and has to be replaced then.
            guard administration.allowsLoss(of: host, self) else { return }
            faults.writesBeforeShortWrite = countdown
            host.isDamaged = true
        }
        report.count(.diskFailures)
        inject(faults, host)
    }

    private func fill(_ host: Host) {
        guard !host.hasDiskFault else { return }
        report.count(.fullDisks)
        var faults = MemoryDiskFaults()
        faults.capacityBytes = host.disk.sizeBytes + faultRandom.number(below: 1 << 17)
        inject(faults, host)
        undo(.space(host: host.number), after: faultRandom.duration(.second...10 * .second))
    }

    private func inject(_ faults: MemoryDiskFaults, _ host: Host) {
        host.disk.inject(faults)
        host.hasDiskFault = true
    }

    /// A paused leader is the last to learn of its successor: two members may then consider its
    /// leases theirs.
    private var leadingHost: Host? { leadingMember?.host }

    private func pause(_ host: Host) {
        report.count(.pauses)
        host.pause(until: now + faultRandom.duration(50 * .millisecond...15 * .second))
        printTrace(
            "host \(host.number) is paused until \(host.pausedUntil.sinceStart.milliseconds) ms")
    }

    /// A leader pauses for about as long as it takes to depose it: its state is stale when it
    /// resumes.
    private func freezeLeader() {
        guard let host = leadingHost else { return }
        report.count(.pauses)
        let time = 1_500 + faultRandom.number(below: 6_000)
        host.pause(until: now + .milliseconds(Int64(time)))
        printTrace("host \(host.number), which leads, is paused for \(time) ms")
    }

    private func holdStage(_ host: Host) {
        let stage = StageName.allCases[faultRandom.number(below: StageName.allCases.count)]
        let time = faultRandom.duration(20 * .millisecond...6 * .second)
        report.count(.heldStages)
        host.hold(stage, until: now + time)
        printTrace(
            "the \(stage) stage of host \(host.number) is held for \(time)")
    }

    /// The log disk stops responding, for as long as a controller may take to recover. Never at a
    /// majority at once: no member could lead.
    private func hang(_ host: Host) {
        let hung = hosts.filter { $0.logHangsUntil > now && $0 !== host }.count
        guard 2 * (hung + 1) < administration.present(self).count else { return }
        report.count(.hungDisks)
        let time = faultRandom.duration(5 * .second...60 * .second)
        host.logHangsUntil = max(host.logHangsUntil, now + time)
        printTrace("the log disk of host \(host.number) hangs for \(time)")
    }

    // MARK: Links

    private func partition() {
        var sides = hosts.map { _ in faultRandom.happens(500_000) }
        if !sides.contains(true) { sides[0] = true }
        var links: [(from: Int, to: Int)] = []
        for from in hosts.indices {
            for to in hosts.indices where sides[from] != sides[to] { links.append((from, to)) }
        }
        printTrace("partition \(sides)")
        cut(links, for: faultRandom.duration(100 * .millisecond...12 * .second))
    }

    private func cutOneWay(_ host: Host) {
        let cutsOutgoing = faultRandom.happens(500_000)
        let others = hosts.indices.filter { $0 != host.number && faultRandom.happens(600_000) }
        let direction = cutsOutgoing ? "send to" : "receive from"
        printTrace("host \(host.number) cannot \(direction) \(others)")
        cut(
            others.map { cutsOutgoing ? (host.number, $0) : ($0, host.number) },
            for: faultRandom.duration(100 * .millisecond...12 * .second))
    }

    func isolate(_ host: Host) {
        printTrace("host \(host.number) is isolated")
        cut(links(of: host), for: faultRandom.duration(500 * .millisecond...12 * .second))
    }

    /// A member begins a snapshot of its own. In runs that isolate members, sometimes this one is
    /// isolated, and its backend is held until others are ahead: a snapshot then arrives while one
    /// is taken.
    func ownSnapshotBegins(_ host: Host) {
        guard isFaultPhase, plan.interval(of: .isolation) != nil, host !== leadingHost,
            faultRandom.happens(20_000)
        else { return }
        isolate(host)
        host.hold(.backend, until: now + faultRandom.duration(2 * .second...15 * .second))
    }

    /// All connections of a host break.
    private func breakConnections(of host: Host) {
        report.count(.brokenConnections)
        for other in hosts.indices where other != host.number {
            network.breakConnection(from: host.number, to: other)
            network.breakConnection(from: other, to: host.number)
        }
        for number in transfers.keys.sorted() where faultRandom.happens(500_000) {
            guard let transfer = transfers[number] else { continue }
            if transfer.from.host == host.number || transfer.to.host == host.number {
                abandon(number)
            }
        }
    }

    /// A leader is isolated and goes on taking proposals, more of them than the others take
    /// meanwhile: it returns with a log that is longer than theirs and conflicts with it.
    private func floodLeader() {
        guard let leader = leadingMember else { return }
        report.count(.floods)
        let count = 300 + faultRandom.number(below: 2_000)
        printTrace("host \(leader.host.number) is isolated with \(count) proposals")
        cut(links(of: leader.host), for: faultRandom.duration(2 * .second...6 * .second))
        for number in 0..<count {
            leader.proposeOwn(
                field: InternalRaftRequest.Field.downgradeVersionTest, payload: [],
                isDeferrable: number < count - 1)
        }
    }

    private func flap(_ host: Host) {
        report.count(.partitions)
        undo(
            .flapping(links(of: host), left: 4 + faultRandom.number(below: 12), isCut: false),
            after: .millisecond)
    }

    private func links(of host: Host) -> [(from: Int, to: Int)] {
        hosts.indices.filter { $0 != host.number }
            .flatMap { [(host.number, $0), ($0, host.number)] }
    }

    private func cut(_ links: [(from: Int, to: Int)], for time: TimeSpan) {
        report.count(.partitions)
        for link in links { network.cut(from: link.from, to: link.to, at: now) }
        undo(.links(links), after: time)
    }

    private func undo(_ repair: Repair, after delay: TimeSpan) {
        repairs[nextRepair] = repair
        schedule(.heal(nextRepair), after: delay)
        nextRepair += 1
    }

    func heal(_ number: Int) {
        guard let repair = repairs.removeValue(forKey: number) else { return }
        switch repair {
        case .links(let links): for link in links { network.heal(from: link.from, to: link.to) }
        case .flapping(let links, let left, let isCut):
            for link in links {
                if isCut {
                    network.heal(from: link.from, to: link.to)
                } else if left > 0 {
                    network.cut(from: link.from, to: link.to, at: now)
                }
            }
            guard left > 0 else { return }
            undo(
                .flapping(links, left: left - 1, isCut: !isCut),
                after: faultRandom.duration(20 * .millisecond...2 * .second))
        case .space(let number):
            let host = hosts[number]
            guard host.hasDiskFault, !host.isHaltPlanned else { return }
            host.disk.inject(MemoryDiskFaults())
            host.hasDiskFault = false
        }
    }

    /// Ends all faults; the cluster has to recover.
    func endFaults() {
        printTrace("faults end")
        isFaultPhase = false
        record.leases.faultFreeSince = MonotonicTime(now)
        for number in repairs.keys.sorted() {
            if case .flapping(let links, _, let isCut) = repairs[number] {
                repairs[number] = .flapping(links, left: 0, isCut: isCut)
            }
            heal(number)
        }
        for host in hosts {
            host.resume(at: now)
            host.stalledUntil = min(host.stalledUntil, now)
            host.disk.inject(MemoryDiskFaults())
            host.hasDiskFault = false
            host.isHaltPlanned = false
            if host.hasDamagedPage {
                crash(host, losesPower: false, reason: "its damaged database is removed")
            }
        }
        beginProbes()
    }
}
