/// Proposals: a leader appends them, a follower hands them on, anyone else refuses.
extension RaftMachine {
    /// Proposes a batch; all of it is taken or nothing. It becomes one append for each follower.
    ///
    /// Taken does not mean committed: a forwarded proposal, or one of a leader that falls, may be
    /// lost without a word.
    package mutating func propose(_ proposals: [Proposal]) throws(ProposalError) {
        switch role {
        case .leader:
            try checkCanPropose(bytes: proposals.reduce(0) { $0 + $1.data.count })
            let changes = proposals.lazy.filter { $0.type != .normal }
            for change in changes {
                try checkChange(type: change.type, data: change.data)
            }
            if changes.count > 1 { throw .configurationChangePending }
            for proposal in proposals {
                appendProposed(type: proposal.type, data: proposal.data)
            }
        case .follower(let leader?) where settings.forwardsProposals:
            messages.append(
                Message(
                    type: .propose, to: leader, from: id,
                    entries: proposals.map {
                        Entry(term: .zero, index: .zero, type: $0.type, data: $0.data)
                    }))
        case .follower, .preCandidate, .candidate:
            throw .noLeader
        }
    }

    /// Proposes a change of one member.
    package mutating func proposeConfChange(_ change: ConfChange) throws(ProposalError) {
        try propose([Proposal(type: .confChange, data: change.encoded)])
    }

    /// Proposes a general change; `ConfChangeV2.leaveJoint` leaves a joint configuration.
    package mutating func proposeConfChange(_ change: ConfChangeV2) throws(ProposalError) {
        try propose([Proposal(type: .confChangeV2, data: change.encoded)])
    }

    /// Takes what a follower handed on. A change of membership that cannot be taken now becomes
    /// an empty entry, as in etcd: there is nobody to tell.
    mutating func takeForwarded(_ message: Message) throws(StepError) {
        if message.entries.isEmpty { throw .malformed("a proposal is empty") }
        do {
            try checkCanPropose(bytes: message.entries.reduce(0) { $0 + $1.data.count })
        } catch {
            throw .proposalDropped(error)
        }
        for entry in message.entries {
            if entry.type != .normal, !isTakeable(entry) {
                appendProposed(type: .normal, data: [])
            } else {
                appendProposed(type: entry.type, data: entry.data)
            }
        }
    }

    private func isTakeable(_ entry: Entry) -> Bool {
        do {
            try checkChange(type: entry.type, data: entry.data)
            return true
        } catch {
            return false
        }
    }

    private mutating func appendProposed(type: EntryType, data: [UInt8]) {
        appendOwn(type: type, data: data)
        if type != .normal {
            let index = log.lastIndex
            updateLeadership { $0.pendingChange = index }
        }
    }

    private func checkCanPropose(bytes: Int) throws(ProposalError) {
        guard let leadership else { throw .noLeader }
        if configuration.position(of: id) == nil { throw .notMember }
        if leadership.transferTarget != nil { throw .leaderTransferring }
        // One batch of any size is taken when nothing waits, and an empty one always.
        let waiting = leadership.uncommittedBytes
        if waiting > 0, bytes > 0, waiting + bytes > settings.maxUncommittedBytes {
            throw .tooManyUncommittedBytes
        }
        // The others may commit, and so free the limit above, while the disk here hangs.
        let unstable = log.unstableBytes
        if unstable > 0, bytes > 0, unstable + bytes > settings.maxUnstableBytes {
            throw .tooManyUncommittedBytes
        }
    }

    /// One change at a time: the next is taken when the last is applied
    /// (Raft dissertation, section 4.1).
    private func checkChange(type: EntryType, data: [UInt8]) throws(ProposalError) {
        let decoded =
            type == .confChange
            ? ConfChange(decoding: data)?.asV2 : ConfChangeV2(decoding: data)
        guard let change = decoded else { throw .malformedConfigurationChange }
        guard let leadership, leadership.pendingChange <= log.applied else {
            throw .configurationChangePending
        }
        let isLeaving = change.changes.isEmpty
        if configuration.isJoint, !isLeaving { throw .configurationIsJoint }
        if !configuration.isJoint, isLeaving { throw .configurationIsNotJoint }
    }
}
