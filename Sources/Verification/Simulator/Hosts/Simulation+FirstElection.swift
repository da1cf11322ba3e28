import MonotonicClock

/// How a starting member advances its first election.
extension Simulation {
    private static let attemptsMax = 100

    /// A starting member checks whether others are up, as often and as long as the server does.
    /// While no leader is known, it advances most of its first election timeout at once.
    func checkForPeers(_ number: Int, run: Int, attempts: Int) {
        let host = hosts[number]
        guard let member = host.member(ofRun: run), member.summary.leader == nil,
            attempts < Self.attemptsMax
        else { return }
        let hasPeer = hosts.contains {
            $0 !== host && isConnected(host, to: $0.id)
        }
        guard hasPeer, host.pausedUntil <= now else {
            return schedule(
                .checkForPeers(host: number, run: run, attempts: attempts + 1),
                after: 50 * .millisecond)
        }
        report.count(.electionsAdvanced)
        let times = member.configuration
        let electionTicks = times.electionTimeout / times.tickInterval
        member.post(.replica(.advance(ticks: Int(electionTicks) - 2)))
    }
}
