import EtcdAPI
import Raft

extension PeerEnvironment {
    /// The message that a record stands for, or why this member does not take it: etcd's checks
    /// before a message reaches Raft.
    func admission(_ record: RaftMessage) -> (message: Raft.Message?, refusal: PeerDropReason?) {
        let from = MemberID(record.from)
        let refusal: PeerDropReason
        if isRemoved(from) {
            refusal = .removedSender
        } else if MemberID(record.to) != settings.localID {
            refusal = .otherTarget
        } else if let message = Raft.Message(record) {
            return (message, nil)
        } else {
            refusal = .unknownType
        }
        ledger.count(from) { $0.receiveFailures += 1 }
        let raw = UInt8(exactly: record.type.rawValue).flatMap { Raft.MessageType(rawValue: $0) }
        owner.note(.receivedDropped(raw ?? .hup, from: from, refusal))
        return (nil, refusal)
    }
}

extension PeerDropReason {
    /// etcd's words.
    var text: String {
        switch self {
        case .queueFull: "sending buffer is full"
        case .unknownType: "unknown message type"
        case .removedSender: "cannot process message from removed member"
        case .otherTarget: "cannot process message to mismatch member"
        }
    }
}
