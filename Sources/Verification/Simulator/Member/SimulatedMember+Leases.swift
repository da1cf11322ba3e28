import EtcdAPI
import Judges
import Lease
import Stages
import StateMachine

/// Looks at leases: the apply stage is handed work on them as the server's services hand it.
extension SimulatedMember {
    func look(for number: CallNumber, _ call: LeaseCall) {
        let asked = Confined(self)
        let looker = Confined(call)
        let work: StateWork = { state in
            asked.value.look(for: number, looker.value, at: state)
        }
        if case .renewal = call.work {
            post(.work(work, isBrief: true))
        } else {
            post(.work(work, isBrief: false))
        }
    }

    func look(for waiting: [WaitingRenewal], _ gathered: GatheredRenewals) {
        let asked = Confined(self)
        let work: StateWork = { state in
            asked.value.look(for: waiting, gathered, at: state)
        }
        post(.work(work, isBrief: gathered.isBrief))
    }

    /// Proposes that nothing is known of a lease's remaining time.
    func takeBack(_ lease: LeaseID, for number: CallNumber) {
        let undone = LeaseCheckpoint(id: lease, remainingSeconds: 0)
        propose(admission.checkpoint(of: [undone]), for: number)
    }
}

/// In a turn of the apply stage.
extension SimulatedMember {
    private func look(for number: CallNumber, _ call: LeaseCall, at state: StateMachine) {
        var call = call
        switch call.work {
        case .renewal(var renewal):
            let found = isInstalling ? nil : look(renewal, at: state)
            call.next = renewal.looked(found, now: milliseconds).map { .renewed($0) }
            call.work = .renewal(renewal)
        case .question(var question):
            var look = LeaseLook<SimulationFailure?>.noClocks
            if !isInstalling {
                look = question.look(at: state) { lease, now in judged(lease, at: now) }
            }
            call.next = question.looked(look).map { .reported($0) }
            call.work = .question(question)
        }
        call.finding = state.lessor[call.lease] == nil ? judged(call.lease) : nil
        guard simulation.clients.leaseCalls[number] != nil else { return }
        simulation.clients.leaseCalls[number] = call
        simulation.goOn(number)
    }

    private func look(_ renewal: LeaderRenewal, at state: StateMachine) -> LeaseRenewal? {
        if simulation.mutant == .ignoresRenewals, let known = state.lessor[renewal.id] {
            return .renewed(seconds: known.grantedSeconds)
        }
        let found = renewal.look(at: state)
        if case .renewed = found { noteRenewed(renewal.id) }
        return found
    }

    private func look(
        for waiting: [WaitingRenewal], _ gathered: GatheredRenewals, at state: StateMachine
    ) {
        var seconds = gathered.ids.map { id -> Int64? in state.lessor[id]?.grantedSeconds }
        if isInstalling {
            seconds = gathered.ids.map { _ in nil }
        } else if simulation.mutant != .ignoresRenewals {
            seconds = gathered.seconds(of: GatheredRenewals.look(for: gathered.ids, at: state))
            for (id, seconds) in zip(gathered.ids, seconds) where seconds != nil {
                noteRenewed(id)
            }
        }
        simulation.looked(waiting, gathered, seconds, self)
    }

    private func noteRenewed(_ lease: LeaseID) {
        simulation.record.leases.restarted(lease.rawValue, at: simulation.now)
    }

    /// What the judge has against what is told of a lease.
    private func judged(_ lease: Lease, at now: ClockMilliseconds) -> SimulationFailure? {
        let remaining = lease.remainingSeconds(at: now)
        return judged(
            LeaseReport(
                grantedSeconds: lease.grantedSeconds,
                remainingSeconds: simulation.mutant == .tellsShortLives ? remaining / 2 : remaining,
                keys: lease.sortedKeys.map { String(decoding: $0, as: UTF8.self) }),
            of: lease.id)
    }

    /// What the judge has against there being no such lease.
    private func judged(_ lease: LeaseID) -> SimulationFailure? { judged(nil, of: lease) }

    private func judged(_ report: LeaseReport?, of lease: LeaseID) -> SimulationFailure? {
        do {
            try judgeApplied()
            try simulation.record.require(report, of: lease.rawValue, by: self)
        } catch let finding as SimulationFailure {
            return finding
        } catch {
            fail(error)
        }
        return nil
    }
}
