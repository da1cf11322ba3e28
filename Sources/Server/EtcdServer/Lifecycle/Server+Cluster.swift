import Configuration
import Bootstrap
import MonotonicClock
import PeerTransport
import MemberRuntime

/// The first election of a starting member, and the reason of its end.
extension Server {
    /// How often, and how many times, a starting member checks whether another is up.
    private static let peerCheckInterval = Duration.milliseconds(50)
    private static let peerChecksMax = 100
    /// Grace period for the last responses of a removed member.
    private static let removalGraceTime = Duration.seconds(1)

    /// Once another member is connected and no leader is known, most of the first election timeout
    /// is skipped: a leader would have sent a heartbeat by then.
    func advanceElection() async {
        guard configuration.initialElectionTickAdvance else { return }
        for _ in 0..<Self.peerChecksMax {
            if Task.isCancelled || runtime.replicaStatus.leader != nil { return }
            if transport.activePeerCount > 0 {
                return runtime.advanceElection(ticks: configuration.electionTicks - 2)
            }
            try? await Task.sleep(for: Self.peerCheckInterval)
        }
    }

    /// Logs why the member ends.
    ///
    /// - Returns: the signal; nil after a removal, once the grace period for responses is over.
    func logEnd(_ reason: SignalWait.Reason) async -> Int32? {
        switch reason {
        case .signal(let number):
            logger.info(
                "received signal; shutting down", ["signal": .string(SignalWait.name(number))])
            return number
        case .removal:
            logger.warn(
                "server error",
                ["error": "the member has been permanently removed from the cluster"])
            logger.warn("data-dir used by this member must be removed")
            try? await Task.sleep(for: Self.removalGraceTime)
            return nil
        }
    }
}

extension PeerTransportConfiguration {
    init(_ configuration: ServerConfiguration, _ member: StartingMember) {
        self.init(
            localID: member.localID, clusterID: member.clusterID,
            localURLs: configuration.initialAdvertisePeerURLs.texts)
        version = EtcdVersion.compatible
        readTimeout = TimeSpan(configuration.raftReadTimeout)
        writeTimeout = TimeSpan(configuration.raftWriteTimeout)
        dialTimeout = .seconds(1) + TimeSpan(configuration.electionTimeout)
    }
}
