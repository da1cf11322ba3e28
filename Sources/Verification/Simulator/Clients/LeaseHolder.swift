import Disk

/// A client that lives by one lease: it keeps it alive through the member that answered last, until
/// it dies of a sudden and lets it run out.
///
/// What makes it worth having: a member that was deposed without knowing goes on getting its
/// renewals, and a lease that nobody renews any more tells whether a promise was kept to its end.
struct LeaseHolder {
    let seconds: Int64
    /// Which member it asks.
    var host: Int
    /// nil while it has none.
    var lease: Int64?
    /// Calls in a row that were not answered well.
    var failures = 0

    static let failuresMax = 6
    /// How long it waits for an answer: not much longer than its lease may last.
    static let patience: ClosedRange<Nanoseconds> = 200 * .millisecond...3 * .second
}

extension Simulation {
    func addLeaseHolders(count: Int, _ choices: inout SeededGenerator) {
        for _ in 0..<count {
            leaseHolders.append(
                LeaseHolder(
                    seconds: 2 + Int64(choices.number(below: 8)),
                    host: choices.number(below: hosts.count)))
        }
    }

    /// A holder asks for its lease, or for more of its time.
    func hold(_ number: Int) {
        guard isStormy else { return }
        let holder = leaseHolders[number]
        guard let lease = holder.lease else {
            clients.nextLease += 1
            return begin(
                .grant(lease: clients.nextLease, seconds: holder.seconds), client: -1,
                at: holder.host, holder: number)
        }
        let kind: CallKind =
            clientDice.happens(400_000) ? .timeToLive(lease: lease) : .keepAlive(lease: lease)
        begin(kind, client: -1, at: holder.host, holder: number)
    }

    /// A holder's call has come to its end.
    func holderHears(_ number: Int, _ occurrence: Occurrence, of call: Call) {
        if occurrence == .answered {
            if case .grant(let lease, _) = call.kind { leaseHolders[number].lease = lease }
            leaseHolders[number].failures = 0
            // Who waited long for an answer is the likelier to have ended meanwhile.
            let hasWaited = now - call.beganAt > 300 * .millisecond
            if clientDice.happens(hasWaited ? 400_000 : 50_000) {
                leaseHolders[number].lease = nil
                return schedule(.hold(number), after: clientDice.duration(.second...8 * .second))
            }
            let life = leaseHolders[number].seconds * .second
            return schedule(.hold(number), after: clientDice.duration(life / 16...life / 2))
        }
        holderFails(number)
        schedule(.hold(number), after: clientDice.duration(20 * .millisecond...500 * .millisecond))
    }

    /// It tries again, here or elsewhere, and takes its lease for lost in the end.
    private func holderFails(_ number: Int) {
        leaseHolders[number].failures += 1
        if leaseHolders[number].failures >= LeaseHolder.failuresMax {
            leaseHolders[number].failures = 0
            leaseHolders[number].lease = nil
        }
        guard clientDice.happens(600_000) else { return }
        leaseHolders[number].host =
            clientDice.happens(500_000)
            ? leadingMember?.host.number ?? 0 : clientDice.number(below: hosts.count)
    }
}
