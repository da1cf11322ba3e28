import StateMachine

/// What the check of a received database has found.
extension ServerLogger {
    /// Time for the answer to the leader that has sent what stops this member.
    private static let answerMilliseconds = 1000

    /// A database that can be served neither now nor later stops the member: the leader would go
    /// on sending it.
    func note(_ finding: ReceivedDatabase.Finding) {
        switch finding {
        case .oldMark(let mark, let index):
            warn(
                "the received database is behind its snapshot, as that of a 3.5 may be; "
                    + "it counts as applied up to the snapshot",
                [
                    "applied-index": .unsigned(mark.appliedIndex),
                    "snapshot-index": .unsigned(index),
                ])
        case .refused(let refusal, let index):
            error(
                "the received database is refused, and the present one stays",
                ["snapshot-index": .unsigned(index), "error": .error(refusal)])
            guard refusal.isLasting else { return }
            Task {
                try? await Task.sleep(for: .milliseconds(Self.answerMilliseconds))
                fatal(
                    "stopping: the state of the cluster cannot be served",
                    ["error": .error(refusal)])
            }
        }
    }
}
