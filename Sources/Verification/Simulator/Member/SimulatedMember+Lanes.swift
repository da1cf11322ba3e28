import Stages

/// Who works on which stage, and when.
extension SimulatedMember {
    func post(_ input: ConsensusInput, isQuiet: Bool = false) {
        consensusQueue.add(input, isQuiet: isQuiet)
        guard !isQuiet, consensusQueue.holder == .nobody else { return }
        guard takesGuests(.consensus) else { return plan(.consensus) }
        consensusQueue.holder = .turn
        for _ in 0..<simulation.limits.guestTurnsMaximum {
            let batch = consensusQueue.takeAll()
            guard ConsensusStage.isBrief(batch) else {
                consensusQueue.putBack(batch)
                simulation.report.count(.guestsTurnedAway)
                return plan(.consensus)
            }
            simulation.report.count(.inlineConsensusTurns)
            guard attempt({ try turnOfConsensus(batch) }) else { return }
            guard consensusQueue.isDue else { return consensusQueue.holder = .nobody }
        }
        simulation.report.count(.guestsRelieved)
        plan(.consensus)
    }

    func post(_ input: ApplyInput, isQuiet: Bool = false) {
        applyQueue.add(input, isQuiet: isQuiet)
        guard !isQuiet, applyQueue.holder == .nobody else { return }
        guard takesGuests(.apply) else { return plan(.apply) }
        applyQueue.holder = .turn
        for _ in 0..<simulation.limits.guestTurnsMaximum {
            let batch = applyQueue.takeAll()
            guard apply.isBrief(batch, watchers: state.watchers.counts.watchers) else {
                applyQueue.putBack(batch)
                simulation.report.count(.guestsTurnedAway)
                return plan(.apply)
            }
            simulation.report.count(.inlineApplyTurns)
            guard attempt({ try turnOfApply(batch, isUnhurried: false) }) else { return }
            guard applyQueue.isDue || apply.hasWork else { return applyQueue.holder = .nobody }
        }
        simulation.report.count(.guestsRelieved)
        plan(.apply)
    }

    func post(_ input: LogInput, isQuiet: Bool = false) {
        logQueue.add(input, isQuiet: isQuiet)
        if !isQuiet, logQueue.holder == .nobody { plan(.log) }
    }

    func post(_ input: BackendInput, isQuiet: Bool = false) {
        backendQueue.add(input, isQuiet: isQuiet)
        if !isQuiet, backendQueue.holder == .nobody { plan(.backend) }
    }

    /// Whether whoever posts now finds the owner asleep, and takes the turn itself.
    private func takesGuests(_ lane: Lane) -> Bool {
        failure == nil && host.standsStill(lane) <= simulation.now
            && simulation.timing.happens(simulation.guestShare)
    }

    /// A turn within another one: what goes wrong ends the member when that is over.
    private func attempt(_ body: () throws -> Void) -> Bool {
        do {
            try body()
        } catch {
            fail(error)
        }
        return failure == nil
    }

    /// The member cannot go on; there is no further turn.
    func fail(_ error: any Error) {
        guard failure == nil else { return }
        failure = error
        simulation.failed.append(self)
    }

    /// Has the owner of a stage look at its queue soon.
    func plan(_ lane: Lane, after delay: Nanoseconds? = nil) {
        switch lane {
        case .consensus: consensusQueue.holder = .owner
        case .log: logQueue.holder = .owner
        case .apply: applyQueue.holder = .owner
        case .backend: backendQueue.holder = .owner
        }
        let delay = delay ?? simulation.timing.duration(2 * .microsecond...60 * .microsecond)
        simulation.schedule(.lane(lane, host: host.number, run: run), after: delay)
    }

    /// An owner's next indivisible piece of work.
    func work(_ lane: Lane) throws {
        guard failure == nil else { return }
        switch lane {
        case .consensus:
            consensusQueue.holder = .turn
            try turnOfConsensus(consensusQueue.takeAll())
            if consensusQueue.isDue {
                plan(.consensus, after: .microsecond)
            } else {
                consensusQueue.holder = .nobody
            }
        case .apply:
            applyQueue.holder = .turn
            try turnOfApply(applyQueue.takeAll(), isUnhurried: true)
            if applyQueue.isDue || apply.hasWork {
                plan(
                    .apply, after: simulation.timing.duration(2 * .microsecond...30 * .microsecond))
            } else {
                applyQueue.holder = .nobody
            }
        case .log:
            logQueue.holder = .turn
            let pause = try workOnLog()
            if let pause { plan(.log, after: pause) } else { logQueue.holder = .nobody }
        case .backend:
            backendQueue.holder = .turn
            let pause = try workOnBackend()
            if let pause { plan(.backend, after: pause) } else { backendQueue.holder = .nobody }
        }
    }

    /// A tick is due: the owner of the consensus stage has a turn, also if another one is planned.
    func tick() throws {
        guard failure == nil else { return }
        let isPlanned = consensusQueue.holder == .owner
        consensusQueue.holder = .turn
        try turnOfConsensus(consensusQueue.takeAll())
        if isPlanned {
            consensusQueue.holder = .owner
        } else if consensusQueue.isDue {
            plan(.consensus, after: .microsecond)
        } else {
            consensusQueue.holder = .nobody
        }
    }

    /// How its stages stand, for a report.
    var view: String {
        "applied \(applied) of \(standing.committedIndex.rawValue) in term "
            + "\(standing.term.rawValue), \(apply.isBlocked ? "blocked" : "not blocked"), waiting: "
            + "\(consensusQueue.items.count) for consensus (\(consensusQueue.holder)), "
            + "\(logQueue.items.count) for the log (\(logQueue.holder)), "
            + "\(applyQueue.items.count) for apply (\(applyQueue.holder)), "
            + "\(backendQueue.items.count) for the backend (\(backendQueue.holder))"
    }

    /// The owners of the other stages look at their clocks.
    func lookAtClocks() {
        if milliseconds >= apply.deadline, applyQueue.holder == .nobody { plan(.apply) }
        if milliseconds >= backend.deadline, backendQueue.holder == .nobody { plan(.backend) }
    }
}
