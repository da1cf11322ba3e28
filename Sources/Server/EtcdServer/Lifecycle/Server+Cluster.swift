import PeerTransport
import Raft
import ReplicaRuntime

/// A member among others: how it begins and why it ends.
extension Server {
    /// How long a starting member looks for others that are up, and how often.
    private static let lookMilliseconds = 50
    private static let looks = 100
    /// Time for the removed member's last answers.
    private static let removalMilliseconds = 1000

    /// Once another member is up and nobody is known to lead, most of the first election timeout
    /// may pass at once: a leader would have been heard by then.
    func advanceElection() async {
        guard configuration.initialElectionTickAdvance else { return }
        for _ in 0..<Self.looks {
            if Task.isCancelled || runtime.status.leader != nil { return }
            if transport.activePeerCount > 0 {
                return runtime.advanceElection(ticks: configuration.electionTicks - 2)
            }
            try? await Task.sleep(for: .milliseconds(Self.lookMilliseconds))
        }
    }

    /// Says why the member ends.
    ///
    /// - Returns: the signal; nil after a removal, when the last answers have had a moment.
    func tellEnd(_ reason: SignalWait.Reason) async -> Int32? {
        switch reason {
        case .signal(let number):
            logger.info(
                "received signal; shutting down", ["signal": .string(SignalWait.name(number))])
            return number
        case .own:
            logger.warn(
                "server error",
                ["error": "the member has been permanently removed from the cluster"])
            logger.warn("data-dir used by this member must be removed")
            try? await Task.sleep(for: .milliseconds(Self.removalMilliseconds))
            return nil
        }
    }
}

extension PeerTransportSettings {
    init(_ configuration: ServerConfiguration, _ member: StartingMember) {
        self.init(
            localID: Raft.MemberID(member.localID.rawValue), clusterID: member.clusterID.rawValue,
            localURLs: configuration.initialAdvertisePeerURLs.texts)
        version = EtcdVersion.compatible
        readTimeoutMilliseconds = configuration.raftReadTimeout.milliseconds
        writeTimeoutMilliseconds = configuration.raftWriteTimeout.milliseconds
        dialTimeoutMilliseconds = 1000 + Int64(configuration.electionTimeoutMilliseconds)
    }
}
