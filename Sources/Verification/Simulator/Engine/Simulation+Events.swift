import Raft

/// What each event does.
extension Simulation {
    func handle(_ event: SimulationEvent) throws {
        switch event {
        case .tick(let host, let run): try tick(host, run)
        case .lane(let lane, let host, let run): try work(lane, host, run)
        case .prepareSegment(let host, let run): prepareSegment(host, run)
        case .arrive(let packet): try arrive(packet)
        case .transfer(let number): try proceed(number)
        case .unreachable(let host, let run, let target):
            hosts[host].member(ofRun: run)?.post(.replica(.unreachable(MemberID(target))))
        case .start(let host): try start(hosts[host])
        case .lookForPeers(let host, let run, let looks):
            lookForPeers(host, run: run, looks: looks)
        case .fault(let kind): try bring(kind)
        case .heal(let number): heal(number)
        case .beginSlowRead: try beginSlowRead()
        case .readSlowly(let host, let run): try readSlowly(host, run: run)
        case .client(let client): act(client)
        case .hold(let holder): hold(holder)
        case .look(let client): try look(client)
        case .request(let call): try receive(call)
        case .lease(let call): if !confirmBatch(call) { carryOut(call) }
        case .renewals(let host, let run):
            if let member = hosts[host].member(ofRun: run) { renewGathered(member) }
        case .serve(let call): try serve(call)
        case .answer(let call, let answer): try take(answer, of: call)
        case .giveUp(let call): giveUp(call)
        case .administrate: administrate()
        case .compactNewest(let host): beginNewestCompaction(host)
        case .watchVersions: watchVersions()
        case .retire(let host): retire(hosts[host])
        case .probe(let host): probe(host)
        case .compareHashes: try compareHashes()
        }
    }

    private func work(_ lane: Lane, _ number: Int, _ run: Int) throws {
        let host = hosts[number]
        guard let member = host.member(ofRun: run) else { return }
        trace.add(number << 4 | lane.rawValue)
        let end = host.standsStill(lane)
        if end > now { return schedule(.lane(lane, host: number, run: run), after: end - now) }
        try attempt(host) { try member.work(lane) }
    }

    private func prepareSegment(_ number: Int, _ run: Int) {
        let host = hosts[number]
        guard let member = host.member(ofRun: run) else { return }
        let end = max(host.pausedUntil, host.logHangsUntil)
        guard end > now else { return member.prepareSegment() }
        // A disk that hangs is looked at again and again, since the end of faults ends that.
        let rest = min(end - now, 100 * .millisecond)
        schedule(.prepareSegment(host: number, run: run), after: rest)
    }

    /// A tick is due: the consensus lane has a turn, and the others look at their clocks.
    private func tick(_ number: Int, _ run: Int) throws {
        let host = hosts[number]
        guard let member = host.member(ofRun: run) else { return }
        if host.pausedUntil > now {
            return schedule(.tick(host: number, run: run), after: host.pausedUntil - now)
        }
        let isHeld = host.standsStill(.consensus) > now
        if !isHeld { try attempt(host) { try member.tick() } }
        guard host.member(ofRun: run) != nil else { return }
        member.lookAtClocks()
        if member.state.watchers.counts.behind > 0 {
            try attempt(host) { while try member.state.watchers.catchUpStep() {} }
        }
        if isHeld {
            let left = host.standsStill(.consensus) - now
            schedule(.tick(host: number, run: run), after: min(left, 100 * .millisecond))
        } else {
            scheduleTick(member)
        }
    }

    func scheduleTick(_ member: SimulatedMember) {
        let host = member.host
        let next = host.clock.time(
            of: member.consensus.deadline * .millisecond, notBefore: now)
        schedule(.tick(host: host.number, run: host.runs), after: next - now)
    }

    /// Ends members that have failed in a turn within another one.
    func endFailed() throws {
        while let member = failed.popLast() {
            guard let failure = member.failure else { continue }
            if member.host.member === member {
                try attempt(member.host) { throw failure }
            } else if let failure = failure as? SimulationFailure {
                throw failure
            }
        }
    }

    /// Has a member do something. One that stops by itself must have been given a reason.
    func attempt(_ host: Host, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as SimulationFailure {
            throw failure
        } catch is PlannedEnd {
            crash(host, losesPower: !host.endsWithPower, reason: "it ends in the midst of its work")
        } catch {
            if host.hasDamagedPage { report.count(.damagedPagesMet) }
            let hasReason = host.hasDiskFault || host.isDiskInDoubt || host.hasDamagedPage
            guard hasReason || error is MutantEnd else {
                throw SimulationFailure("host \(host.number) stopped without a fault: \(error)")
            }
            if host.isHaltPlanned { report.count(.halts) }
            crash(host, losesPower: true, reason: "\(error)")
        }
    }

    /// How long a disk takes, longer while it is stalled.
    func diskDelay(_ host: Host, _ range: ClosedRange<Nanoseconds>) -> Nanoseconds {
        max(0, host.stalledUntil - now) + timing.duration(range) * plan.diskSlowness
    }
}
