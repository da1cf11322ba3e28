import ServerLogging
import StateMachine

/// Log lines about the check of a received database.
extension ServerLogger {
    /// Time for the response to the leader before a refused database stops this member.
    private static let responseTime = Duration.seconds(1)

    /// A database that can never be served stops the member: otherwise the leader would keep
    /// sending it.
    func log(_ finding: ReceivedDatabase.Finding) {
        switch finding {
        case .replacedIndex(let replaced, let index):
            warn(
                "the received database is older than its snapshot, which etcd 3.5 may send; "
                    + "it counts as applied up to the snapshot",
                [
                    "applied-index": .unsigned(replaced.appliedIndex.rawValue),
                    "snapshot-index": .unsigned(index.rawValue),
                ])
        case .refused(let refusal, let index):
            error(
                "the received database is refused, and the present one stays",
                ["snapshot-index": .unsigned(index.rawValue), "error": .error(refusal)])
            guard refusal.isPermanent else { return }
            Task {
                try? await Task.sleep(for: Self.responseTime)
                fatal(
                    "stopping: the state of the cluster cannot be served",
                    ["error": .error(refusal)])
            }
        }
    }
}
