import Disk

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
        case .partition: partition()
        case .oneWayCut: cutOneWay(host)
        case .flapping: flap(host)
        case .isolation: isolate(host)
        case .synchronizeFailure: planDiskFailure(host)
        case .fullDisk: fill(host)
        case .stall:
            report.count(.stalls)
            host.stalledUntil = now + faultDice.duration(10 * .millisecond...5 * .second)
        case .clockJump:
            report.count(.clockJumps)
            host.clock.jump(
                by: faultDice.duration(.millisecond...3 * .second), at: now)
            if host.member?.state.lessor.isPrimary == true {
                record.leases.clockJumped(at: now)
            }
        case .wipe, .bitFlip: damage(host, kind)
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
    private var leadingHost: Host? { hosts.first { $0.member?.replica.role == .leader } }

    private func pause(_ host: Host) {
        report.count(.pauses)
        host.pausedUntil = now + faultDice.duration(50 * .millisecond...15 * .second)
        tell("host \(host.number) stands still until \(host.pausedUntil / .millisecond) ms")
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

    private func isolate(_ host: Host) {
        tell("host \(host.number) is isolated")
        cut(links(of: host), for: faultDice.duration(500 * .millisecond...12 * .second))
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
            host.pausedUntil = min(host.pausedUntil, now)
            host.stalledUntil = min(host.stalledUntil, now)
            host.disk.inject(MemoryDiskFaults())
            host.hasDiskFault = false
            host.isHaltPlanned = false
        }
        beginProbes()
    }

    /// Takes a disk away or changes bits on it. The member is lost then, and replaced; never may
    /// more than a minority be.
    private func damage(_ host: Host, _ kind: FaultKind) {
        guard administration.allowsLoss(of: host, self) else { return }
        crash(host, losesPower: true, reason: "its disk is damaged")
        host.isDamaged = true
        if kind == .wipe {
            report.count(.wiped)
            host.state = .gone
        } else {
            report.count(.bitFlips)
            flipBits(host)
        }
    }

    private func flipBits(_ host: Host) {
        let directory = MemberDirectory.log
        guard let names = try? host.disk.list(directory), !names.isEmpty else { return }
        for _ in 0...faultDice.number(below: 3) {
            let path = directory + "/" + names[faultDice.number(below: names.count)]
            guard let size = host.disk.fileSizeBytes(path), size > 0 else { continue }
            let offset = faultDice.number(below: size)
            try? host.disk.flipBit(faultDice.number(below: 8), of: path, at: offset)
        }
    }
}
