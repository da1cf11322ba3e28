extension RaftMessage {
    /// The type of a message; unknown numbers are preserved.
    package struct MessageType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// The number as encoded in a varint.
        var wireValue: UInt64 { UInt64(bitPattern: Int64(rawValue)) }

        package static var hup: MessageType { MessageType(rawValue: 0) }
        package static var beat: MessageType { MessageType(rawValue: 1) }
        package static var propose: MessageType { MessageType(rawValue: 2) }
        package static var append: MessageType { MessageType(rawValue: 3) }
        package static var appendResponse: MessageType { MessageType(rawValue: 4) }
        package static var vote: MessageType { MessageType(rawValue: 5) }
        package static var voteResponse: MessageType { MessageType(rawValue: 6) }
        package static var snapshot: MessageType { MessageType(rawValue: 7) }
        package static var heartbeat: MessageType { MessageType(rawValue: 8) }
        package static var heartbeatResponse: MessageType { MessageType(rawValue: 9) }
        package static var unreachable: MessageType { MessageType(rawValue: 10) }
        package static var snapshotStatus: MessageType { MessageType(rawValue: 11) }
        package static var checkQuorum: MessageType { MessageType(rawValue: 12) }
        package static var transferLeader: MessageType { MessageType(rawValue: 13) }
        package static var timeoutNow: MessageType { MessageType(rawValue: 14) }
        package static var readIndex: MessageType { MessageType(rawValue: 15) }
        package static var readIndexResponse: MessageType { MessageType(rawValue: 16) }
        package static var preVote: MessageType { MessageType(rawValue: 17) }
        package static var preVoteResponse: MessageType { MessageType(rawValue: 18) }
        package static var storageAppend: MessageType { MessageType(rawValue: 19) }
        package static var storageAppendResponse: MessageType { MessageType(rawValue: 20) }
        package static var storageApply: MessageType { MessageType(rawValue: 21) }
        package static var storageApplyResponse: MessageType { MessageType(rawValue: 22) }
        package static var forgetLeader: MessageType { MessageType(rawValue: 23) }
    }
}
