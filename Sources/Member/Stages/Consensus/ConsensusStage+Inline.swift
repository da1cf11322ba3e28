import Replica

/// Bounds of what a caller may run inline while the stage is idle. More is left to the dedicated
/// thread, which processes it in one batch with later inputs: under load that is cheaper overall.
extension ConsensusStage {
    private static let inlineMessagesMax = 16
    private static let inlineEntriesMax = 64

    package static func isBrief(_ inputs: [ConsensusInput]) -> Bool {
        var (messages, entries) = (0, 0)
        for input in inputs {
            switch input {
            case .requests(let requests): messages += requests.count
            case .received(let received):
                messages += received.count
                for message in received { entries += message.entries.count }
            case .replica, .inspect, .own, .ownAsLeader: messages += 1
            }
        }
        return messages <= inlineMessagesMax && entries <= inlineEntriesMax
    }
}
