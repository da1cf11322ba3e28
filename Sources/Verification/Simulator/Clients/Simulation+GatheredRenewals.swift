import Lease
import Stages
import StateMachine

/// Renewals that reach the leader itself are gathered, as those of one turn of an event loop.
extension Simulation {
    func gather(_ lease: LeaseID, _ number: CallNumber, _ member: SimulatedMember) {
        member.openCalls.insert(number)
        member.renewals.append(WaitingRenewal(lease: lease, call: number))
        guard member.renewals.count == 1 else { return }
        let delay = timing.duration(.microsecond...100 * .microsecond)
        schedule(.renewals(host: member.host.number, run: member.run), after: delay)
    }

    /// Renews what has gathered.
    func renewGathered(_ member: SimulatedMember) {
        guard member.host.pausedUntil <= now else {
            return schedule(
                .renewals(host: member.host.number, run: member.run),
                after: member.host.pausedUntil - now)
        }
        let waiting = member.renewals
        member.renewals = []
        guard let term = LedTerm(member.status.replica) else {
            for renewal in waiting { renewAlone(renewal, member) }
            return
        }
        if waiting.count > 1 { report.count(.renewalsGathered) }
        member.look(for: waiting, GatheredRenewals(waiting.map(\.lease), in: term))
    }

    /// The look was taken: those that were not simply renewed go their own way.
    func looked(
        _ waiting: [WaitingRenewal], _ gathered: GatheredRenewals, _ seconds: [Int64?],
        _ member: SimulatedMember
    ) {
        for (renewal, seconds) in zip(waiting, seconds) where seconds == nil {
            renewAlone(renewal, member)
        }
        guard seconds.contains(where: { $0 != nil }) else { return }
        let number = clients.nextCall
        clients.nextCall += 1
        clients.renewalBatches[number] = RenewalBatch(
            gathered: gathered, calls: waiting.map(\.call), seconds: seconds,
            host: member.host.number, run: member.run)
        guard mutant != .renewsUnconfirmed else {
            let reply = Reply(token: 0, value: .readable, term: gathered.term.rawValue)
            return _ = hearOfBatch(number, reply)
        }
        schedule(
            .lease(number), after: timing.duration(5 * .microsecond...200 * .microsecond))
    }

    /// Asks for the read of a batch.
    ///
    /// - Returns: whether it is one.
    func confirmBatch(_ number: CallNumber) -> Bool {
        guard let batch = clients.renewalBatches[number] else { return false }
        if let member = hosts[batch.host].member(ofRun: batch.run) {
            member.read(for: number)
        } else {
            clients.renewalBatches[number] = nil
        }
        return true
    }

    /// - Returns: whether the answer is for a batch.
    func hearOfBatch(_ number: CallNumber, _ reply: Reply) -> Bool {
        guard let batch = clients.renewalBatches.removeValue(forKey: number) else { return false }
        guard let member = hosts[batch.host].member(ofRun: batch.run) else { return true }
        let isConfirmed = batch.gathered.term.isConfirmed(by: reply)
        if !isConfirmed { report.count(.unconfirmedAnswers) }
        for (index, call) in batch.calls.enumerated() {
            guard let seconds = batch.seconds[index] else { continue }
            if isConfirmed {
                member.openCalls.remove(call)
                answer(call, .renewed(seconds))
            } else {
                let renewal = WaitingRenewal(lease: batch.gathered.ids[index], call: call)
                renewAlone(renewal, member)
            }
        }
        return true
    }

    private func renewAlone(_ renewal: WaitingRenewal, _ member: SimulatedMember) {
        member.openCalls.remove(renewal.call)
        guard clients.calls[renewal.call] != nil else { return }
        renew(renewal.lease, renewal.call, member)
    }
}
