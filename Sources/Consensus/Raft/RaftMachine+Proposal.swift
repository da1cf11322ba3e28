/// Proposals: a leader appends them, a follower forwards them, a candidate rejects them.
extension RaftMachine {
    /// Proposes a batch; either all or none is accepted. It becomes one append for each follower.
    ///
    /// An accepted proposal may never be committed: a forwarded one, or one of a leader that steps
    /// down, may be lost without an error.
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
        case .follower(let leader?) where raftConfiguration.forwardsProposals:
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

    /// Proposes a ConfChange.
    package mutating func proposeConfChange(_ change: ConfChange) throws(ProposalError) {
        try propose([Proposal(type: .confChange, data: change.encoded)])
    }

    /// Proposes a ConfChangeV2; `ConfChangeV2.leaveJoint` leaves a joint configuration.
    package mutating func proposeConfChange(_ change: ConfChangeV2) throws(ProposalError) {
        try propose([Proposal(type: .confChangeV2, data: change.encoded)])
    }

    /// Handles a forwarded proposal. A configuration change that cannot be accepted now becomes an
    /// empty entry, as in etcd, since there is no error response.
    mutating func handleForwardedProposal(_ message: Message) throws(StepError) {
        if message.entries.isEmpty { throw .malformed("a proposal is empty") }
        do {
            try checkCanPropose(bytes: message.entries.reduce(0) { $0 + $1.data.count })
        } catch {
            throw .proposalDropped(error)
        }
        for entry in message.entries {
            if entry.type != .normal, !isAcceptable(entry) {
                appendProposed(type: .normal, data: [])
            } else {
                appendProposed(type: entry.type, data: entry.data)
            }
        }
    }

    private func isAcceptable(_ entry: Entry) -> Bool {
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
        // A batch of any size is accepted when nothing is uncommitted, and an empty one always.
        let uncommitted = leadership.uncommittedBytes
        if uncommitted > 0, bytes > 0, uncommitted + bytes > raftConfiguration.uncommittedBytesMax {
            throw .tooManyUncommittedBytes
        }
        // While the local disk hangs, the others may commit, so the limit above does not apply.
        let unstable = log.unstableBytes
        if unstable > 0, bytes > 0, unstable + bytes > raftConfiguration.unstableBytesMax {
            throw .tooManyUncommittedBytes
        }
    }

    /// One change at a time: the next is accepted when the last is applied (Raft dissertation,
    /// section 4.1).
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
