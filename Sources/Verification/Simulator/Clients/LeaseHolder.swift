import Disk
import MonotonicClock

/// A client that depends on one lease: it keeps the lease alive through the member that responded
/// last, until it suddenly stops and lets the lease expire.
///
/// It exposes two faults: a deposed leader that does not know it still receives renewals, and a
/// lease that is no longer renewed shows whether the promise was kept to its end.
struct LeaseHolder {
    let seconds: Int64
    /// The host that it calls.
    var host: Int
    /// nil while it has no lease.
    var lease: Int64?
    /// nil for root's, once there are users.
    var credentials: Credentials?
    /// Failed calls in a row.
    var failures = 0

    static let failuresMax = 6
    /// How long it waits for a response: not much longer than its lease may last.
    static let timeoutRange: ClosedRange<TimeSpan> = 200 * .millisecond...3 * .second
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

    /// A holder requests its lease, or a renewal or the time to live of it.
    func beginLeaseHolderCall(_ number: Int) {
        guard isFaultPhase else { return }
        let holder = leaseHolders[number]
        guard let lease = holder.lease else {
            clients.nextLease += 1
            return begin(
                .grant(lease: clients.nextLease, seconds: holder.seconds), client: -1,
                at: holder.host, holder: number)
        }
        let kind: CallKind =
            clientRandom.happens(400_000) ? .timeToLive(lease: lease) : .keepAlive(lease: lease)
        begin(kind, client: -1, at: holder.host, holder: number)
    }

    /// A call of a holder has ended.
    func leaseHolderCallEnded(_ number: Int, _ occurrence: Occurrence, of call: Call) {
        if occurrence == .completed {
            if case .grant(let lease, _) = call.kind { leaseHolders[number].lease = lease }
            leaseHolders[number].failures = 0
            // A holder that waited long is likelier to stop.
            let hasWaited = now - call.beganAt > 300 * .millisecond
            if clientRandom.happens(hasWaited ? 400_000 : 50_000) {
                leaseHolders[number].lease = nil
                return schedule(
                    .leaseHolder(number), after: clientRandom.duration(.second...8 * .second))
            }
            let life = leaseHolders[number].seconds * .second
            return schedule(
                .leaseHolder(number), after: clientRandom.duration(life / 16...life / 2))
        }
        leaseHolderCallFailed(number)
        schedule(
            .leaseHolder(number),
            after: clientRandom.duration(20 * .millisecond...500 * .millisecond))
    }

    /// It retries, here or elsewhere, and finally considers its lease lost.
    private func leaseHolderCallFailed(_ number: Int) {
        leaseHolders[number].failures += 1
        if leaseHolders[number].failures >= LeaseHolder.failuresMax {
            leaseHolders[number].failures = 0
            leaseHolders[number].lease = nil
        }
        guard clientRandom.happens(600_000) else { return }
        leaseHolders[number].host =
            clientRandom.happens(500_000)
            ? leadingMember?.host.number ?? 0 : clientRandom.number(below: hosts.count)
    }
}
