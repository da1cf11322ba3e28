import Raft

/// How the first election of a starting member is brought forward.
extension Simulation {
    private static let looksMax = 100

    /// A starting member looks for others that are up, as often and as long as the server does.
    /// While nobody is known to lead it lets most of its first election timeout pass at once.
    func lookForPeers(_ number: Int, run: Int, looks: Int) {
        let host = hosts[number]
        guard let member = host.member(ofRun: run), member.standing.leader == nil,
            looks < Self.looksMax
        else { return }
        let hasPeer = hosts.contains {
            $0 !== host && isConnected(host, to: Raft.MemberID($0.id.rawValue))
        }
        guard hasPeer, host.pausedUntil <= now else {
            return schedule(
                .lookForPeers(host: number, run: run, looks: looks + 1), after: 50 * .millisecond)
        }
        report.count(.electionsAdvanced)
        let electionTicks = member.settings.electionMilliseconds / member.settings.tickMilliseconds
        member.post(.replica(.advance(ticks: Int(electionTicks) - 2)))
    }
}
