import MonotonicClock
import Stages

/// Which stage runs when, and where.
extension SimulatedMember {
    func post(_ input: ConsensusInput, isDeferrable: Bool = false) {
        consensusQueue.add(input, isDeferrable: isDeferrable)
        guard !isDeferrable, consensusQueue.state == .idle else { return }
        guard runsInline(.consensus) else { return schedule(.consensus) }
        consensusQueue.state = .running
        for _ in 0..<simulation.limits.inlineRunsMax {
            let batch = consensusQueue.takeAll()
            guard ConsensusStage.isBrief(batch) else {
                consensusQueue.requeue(batch)
                simulation.report.count(.inlineRunsRefused)
                return schedule(.consensus)
            }
            simulation.report.count(.inlineConsensusRuns)
            guard attempt({ try runConsensus(batch) }) else { return }
            guard consensusQueue.isDue else { return consensusQueue.state = .idle }
        }
        simulation.report.count(.inlineRunsHandedOver)
        schedule(.consensus)
    }

    func post(_ input: ApplyInput, isDeferrable: Bool = false) {
        applyQueue.add(mutated(input), isDeferrable: isDeferrable)
        guard !isDeferrable, applyQueue.state == .idle else { return }
        guard runsInline(.apply) else { return schedule(.apply) }
        applyQueue.state = .running
        for _ in 0..<simulation.limits.inlineRunsMax {
            let batch = applyQueue.takeAll()
            guard apply.isBrief(batch, watchers: state.watchers.counts.watchers) else {
                applyQueue.requeue(batch)
                simulation.report.count(.inlineRunsRefused)
                return schedule(.apply)
            }
            simulation.report.count(.inlineApplyRuns)
            guard attempt({ try runApply(batch, allowsLongWork: false) }) else { return }
            guard applyQueue.isDue || apply.hasWork else { return applyQueue.state = .idle }
        }
        simulation.report.count(.inlineRunsHandedOver)
        schedule(.apply)
    }

    func post(_ input: LogInput, isDeferrable: Bool = false) {
        logQueue.add(input, isDeferrable: isDeferrable)
        if !isDeferrable, logQueue.state == .idle { schedule(.log) }
    }

    func post(_ input: BackendInput, isDeferrable: Bool = false) {
        backendQueue.add(input, isDeferrable: isDeferrable)
        if !isDeferrable, backendQueue.state == .idle { schedule(.backend) }
    }

    /// Whether the dedicated thread is parked now, and the caller runs the batch inline.
    private func runsInline(_ stage: StageName) -> Bool {
        failure == nil && host.blockedUntil(stage) <= simulation.now
            && simulation.timing.happens(simulation.inlineShare)
    }

    /// Runs a batch within another run: an error stops the member when the outer run is over.
    private func attempt(_ body: () throws -> Void) -> Bool {
        do {
            try body()
        } catch {
            fail(error)
        }
        return failure == nil
    }

    /// The member has failed, and does not run any more.
    func fail(_ error: any Error) {
        guard failure == nil else { return }
        failure = error
        simulation.failed.append(self)
    }

    /// Schedules an event of a stage's dedicated thread.
    func schedule(_ stage: StageName, after delay: TimeSpan? = nil) {
        switch stage {
        case .consensus: consensusQueue.state = .scheduled
        case .log: logQueue.state = .scheduled
        case .apply: applyQueue.state = .scheduled
        case .backend: backendQueue.state = .scheduled
        }
        let delay = delay ?? simulation.timing.duration(2 * .microsecond...60 * .microsecond)
        simulation.schedule(.stage(stage, host: host.number, run: run), after: delay)
    }

    /// Runs the next indivisible piece of work of a stage's dedicated thread.
    func runStage(_ stage: StageName) throws {
        guard failure == nil else { return }
        switch stage {
        case .consensus:
            consensusQueue.state = .running
            try runConsensus(consensusQueue.takeAll())
            if consensusQueue.isDue {
                schedule(.consensus, after: .microsecond)
            } else {
                consensusQueue.state = .idle
            }
        case .apply:
            applyQueue.state = .running
            try runApply(applyQueue.takeAll(), allowsLongWork: true)
            if applyQueue.isDue || apply.hasWork {
                schedule(
                    .apply, after: simulation.timing.duration(2 * .microsecond...30 * .microsecond))
            } else {
                applyQueue.state = .idle
            }
        case .log:
            logQueue.state = .running
            let pause = try runLog()
            if let pause { schedule(.log, after: pause) } else { logQueue.state = .idle }
        case .backend:
            backendQueue.state = .running
            let pause = try runBackend()
            if let pause { schedule(.backend, after: pause) } else { backendQueue.state = .idle }
        }
    }

    /// A tick is due: the consensus stage runs, even if another run is scheduled.
    func tick() throws {
        guard failure == nil else { return }
        let isPlanned = consensusQueue.state == .scheduled
        consensusQueue.state = .running
        try runConsensus(consensusQueue.takeAll())
        if isPlanned {
            consensusQueue.state = .scheduled
        } else if consensusQueue.isDue {
            schedule(.consensus, after: .microsecond)
        } else {
            consensusQueue.state = .idle
        }
    }

    /// The state of its stages, for a report.
    var stageDescription: String {
        "applied \(applied) of \(summary.committedIndex) in term "
            + "\(summary.term), \(apply.isBlocked ? "blocked" : "not blocked"), waiting: "
            + "\(consensusQueue.items.count) for consensus (\(consensusQueue.state)), "
            + "\(logQueue.items.count) for the log (\(logQueue.state)), "
            + "\(applyQueue.items.count) for apply (\(applyQueue.state)), "
            + "\(backendQueue.items.count) for the backend (\(backendQueue.state))"
    }

    /// The other stages check their deadlines.
    func checkDeadlines() {
        if clockTime >= apply.deadline, applyQueue.state == .idle { schedule(.apply) }
        if clockTime >= backend.deadline, backendQueue.state == .idle { schedule(.backend) }
    }
}
