import Lease
import Stages
import StateMachine

/// Renewals that reach the leader itself are batched, as those of one tick of an event loop.
extension Simulation {
    func addToBatch(_ request: RenewalRequest, _ number: CallNumber, _ member: SimulatedMember) {
        member.openCalls.insert(number)
        member.renewals.append(WaitingRenewal(request: request, call: number))
        guard member.renewals.count == 1 else { return }
        let delay = timing.duration(.microsecond...100 * .microsecond)
        schedule(.renewals(host: member.host.number, run: member.run), after: delay)
    }

    /// Renews the batched leases.
    func renewBatch(_ member: SimulatedMember) {
        guard member.host.pausedUntil <= now else {
            return schedule(
                .renewals(host: member.host.number, run: member.run),
                after: member.host.pausedUntil - now)
        }
        let waiting = member.renewals
        member.renewals = []
        guard let term = LeaderTerm(member.status.replica) else {
            for renewal in waiting { renewSeparately(renewal, member) }
            return
        }
        if waiting.count > 1 { report.count(.renewalsBatched) }
        member.inspect(for: waiting, PendingRenewals(waiting.map(\.request), in: term))
    }

    /// The leases were read: those that could not simply be renewed continue separately.
    func renewalsRead(
        _ waiting: [WaitingRenewal], _ pending: PendingRenewals, _ seconds: [Int64?],
        _ member: SimulatedMember
    ) {
        for (renewal, seconds) in zip(waiting, seconds) where seconds == nil {
            renewSeparately(renewal, member)
        }
        guard seconds.contains(where: { $0 != nil }) else { return }
        let number = clients.nextCall
        clients.nextCall += 1
        clients.renewalBatches[number] = RenewalBatch(
            renewals: pending, calls: waiting.map(\.call), seconds: seconds,
            host: member.host.number, run: member.run)
        guard mutant != .renewsUnconfirmed else {
            let completion = Completion(token: 0, value: .readable, term: pending.term.value)
            return _ = completeBatch(number, completion)
        }
        schedule(
            .leaseStep(number), after: timing.duration(5 * .microsecond...200 * .microsecond))
    }

    /// Requests the read of a batch.
    ///
    /// - Returns: whether the number is that of a batch.
    func confirmBatch(_ number: CallNumber) -> Bool {
        guard let batch = clients.renewalBatches[number] else { return false }
        if let member = hosts[batch.host].member(ofRun: batch.run) {
            member.read(for: number)
        } else {
            clients.renewalBatches[number] = nil
        }
        return true
    }

    /// - Returns: whether the completion is for a batch.
    func completeBatch(_ number: CallNumber, _ completion: Completion) -> Bool {
        guard let batch = clients.renewalBatches.removeValue(forKey: number) else { return false }
        guard let member = hosts[batch.host].member(ofRun: batch.run) else { return true }
        let isConfirmed = batch.renewals.term.isConfirmed(by: completion)
        if !isConfirmed { report.count(.unconfirmedLeaseResponses) }
        for (index, call) in batch.calls.enumerated() {
            guard let seconds = batch.seconds[index] else { continue }
            if isConfirmed {
                member.openCalls.remove(call)
                respond(to: call, .renewed(seconds))
            } else {
                let renewal = WaitingRenewal(request: batch.renewals.requests[index], call: call)
                renewSeparately(renewal, member)
            }
        }
        return true
    }

    private func renewSeparately(_ renewal: WaitingRenewal, _ member: SimulatedMember) {
        member.openCalls.remove(renewal.call)
        guard clients.calls[renewal.call] != nil else { return }
        renew(renewal.request, renewal.call, member)
    }
}
