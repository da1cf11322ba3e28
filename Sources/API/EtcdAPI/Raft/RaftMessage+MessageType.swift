extension RaftMessage {
    /// What a message is about; unknown numbers stay what they are.
    package struct MessageType: RawRepresentable, Hashable, Sendable {
        package var rawValue: Int32

        @inlinable
        package init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        /// The number as a varint holds it.
        var wireValue: UInt64 { UInt64(bitPattern: Int64(rawValue)) }

        @inlinable
        package static var hup: MessageType { MessageType(rawValue: 0) }
        @inlinable
        package static var beat: MessageType { MessageType(rawValue: 1) }
        @inlinable
        package static var propose: MessageType { MessageType(rawValue: 2) }
        @inlinable
        package static var append: MessageType { MessageType(rawValue: 3) }
        @inlinable
        package static var appendResponse: MessageType { MessageType(rawValue: 4) }
        @inlinable
        package static var vote: MessageType { MessageType(rawValue: 5) }
        @inlinable
        package static var voteResponse: MessageType { MessageType(rawValue: 6) }
        @inlinable
        package static var snapshot: MessageType { MessageType(rawValue: 7) }
        @inlinable
        package static var heartbeat: MessageType { MessageType(rawValue: 8) }
        @inlinable
        package static var heartbeatResponse: MessageType { MessageType(rawValue: 9) }
        @inlinable
        package static var unreachable: MessageType { MessageType(rawValue: 10) }
        @inlinable
        package static var snapshotStatus: MessageType { MessageType(rawValue: 11) }
        @inlinable
        package static var checkQuorum: MessageType { MessageType(rawValue: 12) }
        @inlinable
        package static var transferLeader: MessageType { MessageType(rawValue: 13) }
        @inlinable
        package static var timeoutNow: MessageType { MessageType(rawValue: 14) }
        @inlinable
        package static var readIndex: MessageType { MessageType(rawValue: 15) }
        @inlinable
        package static var readIndexResponse: MessageType { MessageType(rawValue: 16) }
        @inlinable
        package static var preVote: MessageType { MessageType(rawValue: 17) }
        @inlinable
        package static var preVoteResponse: MessageType { MessageType(rawValue: 18) }
        @inlinable
        package static var storageAppend: MessageType { MessageType(rawValue: 19) }
        @inlinable
        package static var storageAppendResponse: MessageType { MessageType(rawValue: 20) }
        @inlinable
        package static var storageApply: MessageType { MessageType(rawValue: 21) }
        @inlinable
        package static var storageApplyResponse: MessageType { MessageType(rawValue: 22) }
        @inlinable
        package static var forgetLeader: MessageType { MessageType(rawValue: 23) }
    }
}
