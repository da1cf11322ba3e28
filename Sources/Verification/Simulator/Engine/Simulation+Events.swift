import MonotonicClock

/// The handlers of events.
extension Simulation {
    func handle(_ event: SimulationEvent) throws {
        switch event {
        case .tick(let host, let run): try tick(host, run)
        case .stage(let stage, let host, let run): try runStage(stage, host, run)
        case .prepareSegment(let host, let run): prepareSegment(host, run)
        case .arrive(let packet): try arrive(packet)
        case .transfer(let number): try proceed(number)
        case .unreachable(let host, let run, let target):
            hosts[host].member(ofRun: run)?.post(.replica(.unreachable(target)))
        case .start(let host): try start(hosts[host])
        case .checkForPeers(let host, let run, let attempts):
            checkForPeers(host, run: run, attempts: attempts)
        case .fault(let kind): try injectFault(kind)
        case .heal(let number): heal(number)
        case .beginSlowRead: try beginSlowRead()
        case .readSlowly(let host, let run): try readSlowly(host, run: run)
        case .client(let client): beginNextCall(client)
        case .leaseHolder(let holder): beginLeaseHolderCall(holder)
        case .watchClient(let client): try readWatchStream(client)
        case .request(let call): try deliverRequest(call)
        case .leaseStep(let call): if !confirmBatch(call) { performLeaseStep(call) }
        case .renewals(let host, let run):
            if let member = hosts[host].member(ofRun: run) { renewBatch(member) }
        case .serve(let call): try serve(call)
        case .response(let call, let response): try receive(response, of: call)
        case .timeout(let call): timeOut(call)
        case .administrate: administrate()
        case .compactNewest(let host): beginNewestCompaction(host)
        case .checkVersions: checkVersions()
        case .retire(let host): retire(hosts[host])
        case .probe(let host): probe(host)
        case .compareHashes: try compareHashes()
        case .changeUsers: changeUsers()
        }
    }

    private func runStage(_ stage: StageName, _ number: Int, _ run: Int) throws {
        let host = hosts[number]
        guard let member = host.member(ofRun: run) else { return }
        trace.add(number << 4 | stage.rawValue)
        let end = host.blockedUntil(stage)
        if end > now { return schedule(.stage(stage, host: number, run: run), after: end - now) }
        try attempt(host) { try member.runStage(stage) }
    }

    private func prepareSegment(_ number: Int, _ run: Int) {
        let host = hosts[number]
        guard let member = host.member(ofRun: run) else { return }
        let end = max(host.pausedUntil, host.logHangsUntil)
        guard end > now else { return member.prepareSegment() }
        // A hung disk is checked repeatedly, since it recovers when faults end.
        let rest = min(end - now, 100 * .millisecond)
        schedule(.prepareSegment(host: number, run: run), after: rest)
    }

    /// A tick is due: the consensus stage runs, and the others check their deadlines.
    private func tick(_ number: Int, _ run: Int) throws {
        let host = hosts[number]
        guard let member = host.member(ofRun: run) else { return }
        if host.pausedUntil > now {
            return schedule(.tick(host: number, run: run), after: host.pausedUntil - now)
        }
        let isHeld = host.blockedUntil(.consensus) > now
        if !isHeld { try attempt(host) { try member.tick() } }
        guard host.member(ofRun: run) != nil else { return }
        member.checkDeadlines()
        if member.state.watchers.counts.unsynced > 0 {
            try attempt(host) { while try member.state.watchers.syncWatchers() {} }
        }
        if isHeld {
            let left = host.blockedUntil(.consensus) - now
            schedule(.tick(host: number, run: run), after: min(left, 100 * .millisecond))
        } else {
            scheduleTick(member)
        }
    }

    func scheduleTick(_ member: SimulatedMember) {
        let host = member.host
        let next = host.clock.time(
            of: member.consensus.deadline, notBefore: now)
        schedule(.tick(host: host.number, run: host.runs), after: next - now)
    }

    /// Stops members that failed in a run within another one.
    func stopFailed() throws {
        while let member = failed.popLast() {
            guard let failure = member.failure else { continue }
            if member.host.member === member {
                try attempt(member.host) { throw failure }
            } else if let failure = failure as? SimulationFailure {
                throw failure
            }
        }
    }

    /// Runs code of a member. A member that stops by itself must have a reason.
    func attempt(_ host: Host, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as SimulationFailure {
            throw failure
        } catch is PlannedStop {
            crash(host, losesPower: !host.keepsPower, reason: "planned crash")
        } catch {
            if host.hasDamagedPage { report.count(.damagedPagesRead) }
            let hasReason = host.hasDiskFault || host.isDiskInDoubt || host.hasDamagedPage
            guard hasReason || error is MutantStop else {
                throw SimulationFailure("host \(host.number) stopped without a fault: \(error)")
            }
            if host.isHaltPlanned { report.count(.halts) }
            crash(host, losesPower: true, reason: "\(error)")
        }
    }

    /// The duration of a disk operation, longer while the disk is stalled.
    func diskDelay(_ host: Host, _ range: ClosedRange<TimeSpan>) -> TimeSpan {
        max(.zero, host.stalledUntil - now) + timing.duration(range) * plan.diskSlowness
    }
}
