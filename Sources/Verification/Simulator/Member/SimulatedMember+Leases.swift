import EtcdAPI
import Checkers
import Lease
import MonotonicClock
import Stages
import StateMachine

/// Reads of leases: the apply stage gets work on them as from the server's services.
extension SimulatedMember {
    func inspect(for number: CallNumber, _ call: LeaseCall) {
        let member = Confined(self)
        let confined = Confined(call)
        let work: StateWork = { state in
            member.value.inspect(for: number, confined.value, in: state)
        }
        if case .renewal = call.work {
            post(.work(work, isBrief: true))
        } else {
            post(.work(work, isBrief: false))
        }
    }

    func inspect(for waiting: [WaitingRenewal], _ pending: PendingRenewals) {
        let member = Confined(self)
        let work: StateWork = { state in
            member.value.inspect(for: waiting, pending, in: state)
        }
        post(.work(work, isBrief: pending.isBrief))
    }

    /// Proposes to clear the remaining time of a lease that was checkpointed.
    func clearCheckpoint(of lease: LeaseID, for number: CallNumber) {
        let cleared = LeaseCheckpoint(id: lease, remainingSeconds: 0)
        propose(admission.checkpoint(of: [cleared]), for: number)
    }
}

/// Run by the apply stage.
extension SimulatedMember {
    private func inspect(for number: CallNumber, _ call: LeaseCall, in state: StateMachine) {
        var call = call
        switch call.work {
        case .renewal(var renewal):
            let found = isInstalling ? .noClocks : renew(renewal, of: number, in: state)
            call.next = renewal.handle(found, now: clockTime).map { .renewed($0) }
            call.work = .renewal(renewal)
        case .query(var query):
            var reading = LeaseReading<SimulationFailure?>.noClocks
            if !isInstalling {
                reading = query.inspect(in: state) { lease, now in finding(lease, at: now) }
            }
            call.next = query.handle(reading).map { .reported($0) }
            call.work = .query(query)
        }
        call.finding = state.lessor[call.lease] == nil ? finding(call.lease) : nil
        guard simulation.clients.leaseCalls[number] != nil else { return }
        simulation.clients.leaseCalls[number] = call
        simulation.scheduleLeaseStep(number)
    }

    private func renew(
        _ renewal: LeaderRenewal, of number: CallNumber, in state: StateMachine
    ) -> RenewalAttempt {
        let lease = renewal.request.id
        if simulation.mutant == .ignoresRenewals, let known = state.lessor[lease] {
            return .made(.renewed(seconds: known.grantedSeconds))
        }
        let found = renewal.renew(in: state)
        if case .made(.renewed) = found { recordRenewed(lease) }
        switch found {
        case .noClocks: break
        case .refused:
            simulation.report.count(.deniedRenewals)
            checkPermission(renewal.request, of: number, isRefused: true)
        case .made: checkPermission(renewal.request, of: number, isRefused: false)
        }
        return found
    }

    private func inspect(
        for waiting: [WaitingRenewal], _ pending: PendingRenewals, in state: StateMachine
    ) {
        let requests = pending.requests
        var seconds = requests.map { state.lessor[$0.id]?.grantedSeconds }
        if isInstalling {
            seconds = requests.map { _ in nil }
        } else if simulation.mutant != .ignoresRenewals {
            seconds = pending.seconds(of: PendingRenewals.renew(requests, in: state))
            for (renewal, seconds) in zip(waiting, seconds) where seconds != nil {
                recordRenewed(renewal.request.id)
                checkPermission(renewal.request, of: renewal.call, isRefused: false)
            }
        }
        simulation.renewalsRead(waiting, pending, seconds, self)
    }

    /// Checks the permission of a renewal that was attempted.
    private func checkPermission(_ request: RenewalRequest, of call: CallNumber, isRefused: Bool) {
        var identity = request.identity
        if simulation.mutant == .renewsUnchecked, let call = simulation.clients.calls[call] {
            identity = call.identity
        }
        do {
            try checkApplied()
            try simulation.record.requirePermission(
                for: .renewal(lease: request.id.rawValue), by: identity, isRefused: isRefused,
                at: applied, host)
        } catch {
            fail(error)
        }
    }

    private func recordRenewed(_ lease: LeaseID) {
        simulation.record.leases.clockRestarted(
            lease.rawValue, at: MonotonicTime(simulation.now))
    }

    /// The checker's finding against a time-to-live response.
    private func finding(_ lease: Lease, at now: MonotonicTime) -> SimulationFailure? {
        let remaining = lease.remainingSeconds(at: now)
        return finding(
            RecordedTimeToLive(
                grantedSeconds: lease.grantedSeconds,
                remainingSeconds: simulation.mutant == .reportsShortTimeToLive
                    ? remaining / 2 : remaining,
                keys: lease.sortedKeys.map { String(decoding: $0, as: UTF8.self) }),
            of: lease.id)
    }

    /// The checker's finding against a lease being missing.
    private func finding(_ lease: LeaseID) -> SimulationFailure? { finding(nil, of: lease) }

    private func finding(_ report: RecordedTimeToLive?, of lease: LeaseID) -> SimulationFailure? {
        do {
            try checkApplied()
            try simulation.record.require(report, of: lease.rawValue, by: self)
        } catch let finding as SimulationFailure {
            return finding
        } catch {
            fail(error)
        }
        return nil
    }
}
