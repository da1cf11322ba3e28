import Disk
import EtcdAPI

/// What a fault has to be undone by.
enum Repair {
    case links([(from: Int, to: Int)])
    /// Links that are cut and healed in turn, so many times more.
    case flapping([(from: Int, to: Int)], left: Int, isCut: Bool)
    case room(host: Int)
}

/// Faults come, each kind at its own rate, and end.
extension Simulation {
    func planFault(_ kind: FaultKind) {
        guard let interval = plan.interval(of: kind) else { return }
        let delay = Int64(faultDice.next() % UInt64(2 * interval)) + .millisecond
        schedule(.fault(kind), after: delay)
    }

    /// The first fault of a kind; now and then a member ends while it founds the cluster.
    func planFirstFault(_ kind: FaultKind) {
        let isEarly =
            [.crash, .powerFailure, .halt].contains(kind) && plan.interval(of: kind) != nil
            && faultDice.happens(300_000)
        guard isEarly else { return planFault(kind) }
        schedule(.fault(kind), after: faultDice.duration(.millisecond...600 * .millisecond))
    }

    func bring(_ kind: FaultKind) throws {
        guard isStormy else { return }
        planFault(kind)
        let up = hosts.filter { $0.state == .up }
        guard !up.isEmpty else { return }
        let host = up[faultDice.number(below: up.count)]
        switch kind {
        case .crash: crash(host, losesPower: false, reason: "killed")
        case .powerFailure: powerFailure(host)
        case .halt: planHalt(host)
        case .pause: pause(faultDice.happens(500_000) ? leadingHost ?? host : host)
        case .leaderFreeze: freezeLeader()
        case .laneHold: hold(faultDice.happens(500_000) ? leadingHost ?? host : host)
        case .partition: partition()
        case .oneWayCut: cutOneWay(host)
        case .flapping: flap(host)
        case .isolation: isolate(faultDice.happens(500_000) ? leadingHost ?? host : host)
        case .brokenConnection:
            breakConnections(of: faultDice.happens(500_000) ? leadingHost ?? host : host)
        case .flood: floodLeader()
        case .synchronizeFailure: planDiskFailure(host)
        case .fullDisk: fill(host)
        case .stall:
            report.count(.stalls)
            host.stalledUntil = now + faultDice.duration(10 * .millisecond...5 * .second)
        case .hungDisk: hang(faultDice.happens(700_000) ? leadingHost ?? host : host)
        case .clockJump:
            report.count(.clockJumps)
            host.clock.jump(
                by: faultDice.duration(.millisecond...3 * .second), at: now)
            if host.member?.state.lessor.isPrimary == true {
                record.leases.clockJumped(at: now)
            }
        case .wipe, .bitFlip: damage(host, kind)
        case .pageDamage: damagePages(host)
        case .versionChange: turnVersions()
        case .jointChange: changeJointly()
        case .removal: removeMember()
        case .compactionCrash: crashInCompaction(host)
        case .defragmentationCrash: crashInDefragmentation(host)
        case .installationCrash: host.installationCrash = drawCrash(steps: 3)
        }
    }

    /// Now and then all hosts lose their power at once: what was promised is durable all the same.
    private func powerFailure(_ host: Host) {
        if faultDice.happens(150_000) {
            for host in hosts { crash(host, losesPower: true, reason: "power failure everywhere") }
        } else {
            crash(host, losesPower: true, reason: "power failure")
        }
    }

    /// Now and then a founder ends inside one of the disk calls by which it is founded.
    func endWhileFounding(_ host: Host) {
        guard isStormy, host.runs == 1, host.isFounder, plan.interval(of: .halt) != nil,
            faultDice.happens(300_000)
        else { return }
        planHalt(host)
    }

    private func planHalt(_ host: Host) {
        guard !host.hasDiskFault else { return }
        var faults = MemoryDiskFaults()
        faults.changesBeforeHalt = faultDice.number(below: 60)
        inject(faults, host)
        host.isHaltPlanned = true
    }

    private func planDiskFailure(_ host: Host) {
        guard !host.hasDiskFault else { return }
        var faults = MemoryDiskFaults()
        let countdown = faultDice.number(below: 12)
        if faultDice.happens(700_000) {
            faults.synchronizesBeforeFailure = countdown
        } else {
            // A write that ends inside a sector is not told from damage: the member may refuse its
            // log and has to be replaced then.
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
        faults.capacityBytes = host.disk.sizeBytes + faultDice.number(below: 1 << 17)
        inject(faults, host)
        undo(.room(host: host.number), after: faultDice.duration(.second...10 * .second))
    }

    private func inject(_ faults: MemoryDiskFaults, _ host: Host) {
        host.disk.inject(faults)
        host.hasDiskFault = true
    }

    /// Who stands still while it leads learns last of its successor: its leases are the ones
    /// that two members may take for theirs.
    private var leadingHost: Host? { leadingMember?.host }

    private func pause(_ host: Host) {
        report.count(.pauses)
        host.pause(until: now + faultDice.duration(50 * .millisecond...15 * .second))
        tell("host \(host.number) stands still until \(host.pausedUntil / .millisecond) ms")
    }

    /// A leader stands still for about as long as it takes to be deposed: what it still believes
    /// when it goes on is out of date.
    private func freezeLeader() {
        guard let host = leadingHost else { return }
        report.count(.pauses)
        let time = 1_500 + faultDice.number(below: 6_000)
        host.pause(until: now + Nanoseconds(time) * .millisecond)
        tell("host \(host.number), which leads, stands still for \(time) ms")
    }

    private func hold(_ host: Host) {
        let lane = Lane.allCases[faultDice.number(below: Lane.allCases.count)]
        let time = faultDice.duration(20 * .millisecond...6 * .second)
        report.count(.heldLanes)
        host.hold(lane, until: now + time)
        tell("the \(lane) lane of host \(host.number) stands still for \(time / .millisecond) ms")
    }

    /// The log's disk answers nothing, for as long as a controller may take to find its way back.
    /// Not those of a majority at once: nobody could lead then.
    private func hang(_ host: Host) {
        let hung = hosts.filter { $0.logHangsUntil > now && $0 !== host }.count
        guard 2 * (hung + 1) < administration.present(self).count else { return }
        report.count(.hungDisks)
        let time = faultDice.duration(5 * .second...60 * .second)
        host.logHangsUntil = max(host.logHangsUntil, now + time)
        tell("the log disk of host \(host.number) hangs for \(time / .millisecond) ms")
    }

    // MARK: Links

    private func partition() {
        var sides = hosts.map { _ in faultDice.happens(500_000) }
        if !sides.contains(true) { sides[0] = true }
        var links: [(from: Int, to: Int)] = []
        for from in hosts.indices {
            for to in hosts.indices where sides[from] != sides[to] { links.append((from, to)) }
        }
        tell("partition \(sides)")
        cut(links, for: faultDice.duration(100 * .millisecond...12 * .second))
    }

    private func cutOneWay(_ host: Host) {
        let isSilent = faultDice.happens(500_000)
        let others = hosts.indices.filter { $0 != host.number && faultDice.happens(600_000) }
        tell("host \(host.number) is \(isSilent ? "not heard by" : "deaf to") \(others)")
        cut(
            others.map { isSilent ? (host.number, $0) : ($0, host.number) },
            for: faultDice.duration(100 * .millisecond...12 * .second))
    }

    func isolate(_ host: Host) {
        tell("host \(host.number) is isolated")
        cut(links(of: host), for: faultDice.duration(500 * .millisecond...12 * .second))
    }

    /// A member begins a snapshot of its own. Where members are cut off, some are right then, and
    /// their database stands still until others are ahead: a snapshot comes while one is taken.
    func ownSnapshotBegins(_ host: Host) {
        guard isStormy, plan.interval(of: .isolation) != nil, host !== leadingHost,
            faultDice.happens(20_000)
        else { return }
        isolate(host)
        host.hold(.backend, until: now + faultDice.duration(2 * .second...15 * .second))
    }

    /// All connections of a host break, now and then those of the leader.
    private func breakConnections(of host: Host) {
        report.count(.brokenConnections)
        for other in hosts.indices where other != host.number {
            network.breakConnection(from: host.number, to: other)
            network.breakConnection(from: other, to: host.number)
        }
        for number in transfers.keys.sorted() where faultDice.happens(500_000) {
            guard let transfer = transfers[number] else { continue }
            if transfer.from.host == host.number || transfer.to.host == host.number {
                abandon(number)
            }
        }
    }

    /// A leader is cut off and goes on taking proposals, more of them than the others take
    /// meanwhile: it comes back with a log that is longer than theirs and contradicts it.
    private func floodLeader() {
        guard let leader = leadingMember else { return }
        report.count(.floods)
        let count = 300 + faultDice.number(below: 2_000)
        tell("host \(leader.host.number) is cut off with \(count) proposals")
        cut(links(of: leader.host), for: faultDice.duration(2 * .second...6 * .second))
        for number in 0..<count {
            leader.proposeOwn(
                field: InternalRaftRequest.Field.downgradeVersionTest, payload: [],
                isQuiet: number < count - 1)
        }
    }

    private func flap(_ host: Host) {
        report.count(.partitions)
        undo(
            .flapping(links(of: host), left: 4 + faultDice.number(below: 12), isCut: false),
            after: .millisecond)
    }

    private func links(of host: Host) -> [(from: Int, to: Int)] {
        hosts.indices.filter { $0 != host.number }
            .flatMap { [(host.number, $0), ($0, host.number)] }
    }

    private func cut(_ links: [(from: Int, to: Int)], for time: Nanoseconds) {
        report.count(.partitions)
        for link in links { network.cut(from: link.from, to: link.to, at: now) }
        undo(.links(links), after: time)
    }

    private func undo(_ repair: Repair, after delay: Nanoseconds) {
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
                after: faultDice.duration(20 * .millisecond...2 * .second))
        case .room(let number):
            let host = hosts[number]
            guard host.hasDiskFault, !host.isHaltPlanned else { return }
            host.disk.inject(MemoryDiskFaults())
            host.hasDiskFault = false
        }
    }

    /// Ends all faults; the members have to find together again.
    func calmDown() {
        tell("faults end")
        isStormy = false
        record.leases.quietSince = now
        for number in repairs.keys.sorted() {
            if case .flapping(let links, _, let isCut) = repairs[number] {
                repairs[number] = .flapping(links, left: 0, isCut: isCut)
            }
            heal(number)
        }
        for host in hosts {
            host.goOn(at: now)
            host.stalledUntil = min(host.stalledUntil, now)
            host.disk.inject(MemoryDiskFaults())
            host.hasDiskFault = false
            host.isHaltPlanned = false
            if host.hasDamagedPage {
                crash(host, losesPower: false, reason: "its damaged database is taken away")
            }
        }
        beginProbes()
    }
}
