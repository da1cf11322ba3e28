package import Identifiers

/// Outputs, and the caller's reports about them.
extension RaftMachine {
    /// Returns all pending outputs. The caller must process them.
    package mutating func takeReady() -> Ready {
        var ready = Ready()
        takeReady(into: &ready)
        return ready
    }

    /// Stores all pending outputs in an existing `Ready` and reuses its buffers.
    package mutating func takeReady(into ready: inout Ready) {
        sendDue()
        ready.messages.removeAll(keepingCapacity: true)
        swap(&ready.messages, &messages)
        ready.readStates.removeAll(keepingCapacity: true)
        swap(&ready.readStates, &readStates)
        ready.softState = takeSoftState()
        ready.write = takeWrite()
        if !messagesAfterWrite.isEmpty {
            // The state they depend on is already durable.
            ready.messages.append(contentsOf: messagesAfterWrite)
            messagesAfterWrite.removeAll(keepingCapacity: true)
        }
        ready.committed = log.takeCommitted(applyingBytesMax: raftConfiguration.applyingBytesMax)
    }

    /// Records that the caller applies entries through `index` that were not in a `Ready`, since it
    /// knows that they are committed.
    package mutating func recordApplying(through index: LogIndex) {
        log.recordApplying(through: index)
    }

    private mutating func takeSoftState() -> SoftState? {
        let state = SoftState(leader: leader, role: roleName)
        if state == reportedSoftState { return nil }
        reportedSoftState = state
        return state
    }

    /// The next write; nil if nothing has to be written and no message waits for a pending write.
    private mutating func takeWrite() -> LogWrite? {
        let state = HardState(term: term, vote: vote, commit: log.committed)
        let isChanged = state != reportedHardState
        let mustSynchronize =
            state.term != reportedHardState.term || state.vote != reportedHardState.vote
        let isSyncPending = log.awaitsSynchronization
        guard isChanged || log.hasUnwritten || (isSyncPending && !messagesAfterWrite.isEmpty) else {
            return nil
        }
        reportedHardState = state
        var write = log.takeWrite(
            hardState: isChanged ? state : nil, mustSynchronize: mustSynchronize)
        if write.mustSynchronize || isSyncPending {
            swap(&write.messagesAfter, &messagesAfterWrite)
        }
        return write
    }

    /// Records that the write with this number and all earlier ones are durable.
    package mutating func persisted(through number: WriteNumber) {
        log.persisted(through: number)
        countOwnVote(durableThrough: number)
        advanceCommit()
    }
}
