import EtcdAPI
import Identifiers
import Raft

extension PeerEnvironment {
    /// Converts a received message, or returns why it is rejected: etcd's checks before a message
    /// reaches Raft.
    func admission(_ record: RaftMessage) -> (message: Raft.Message?, refusal: PeerDropReason?) {
        let from = MemberID(record.from)
        let refusal: PeerDropReason
        if isRemoved(from) {
            refusal = .removedSender
        } else if MemberID(record.to) != configuration.localID {
            refusal = .otherTarget
        } else if let message = Raft.Message(record) {
            return (message, nil)
        } else {
            refusal = .unknownType
        }
        statistics.update(from) { $0.receiveFailures += 1 }
        let raw = UInt8(exactly: record.type.rawValue).flatMap { Raft.MessageType(rawValue: $0) }
        delegate.record(.receivedDropped(raw ?? .hup, from: from, refusal))
        return (nil, refusal)
    }
}

extension PeerDropReason {
    /// etcd's error texts.
    var text: String {
        switch self {
        case .queueFull: "sending buffer is full"
        case .unknownType: "unknown message type"
        case .removedSender: "cannot process message from removed member"
        case .otherTarget: "cannot process message to mismatch member"
        }
    }
}
