/// Outputs, and what the caller reports about them.
extension RaftMachine {
    /// Takes all that is to be done now. What is taken must be done.
    package mutating func takeReady() -> Ready {
        var ready = Ready()
        takeReady(into: &ready)
        return ready
    }

    /// Takes all that is to be done now into a used `Ready`, whose buffers are used again.
    package mutating func takeReady(into ready: inout Ready) {
        sendDue()
        ready.messages.removeAll(keepingCapacity: true)
        swap(&ready.messages, &messages)
        ready.readStates.removeAll(keepingCapacity: true)
        swap(&ready.readStates, &readStates)
        ready.softState = takeSoftState()
        ready.write = takeWrite()
        if !messagesAfterWrite.isEmpty {
            // All that they promise is durable already.
            ready.messages.append(contentsOf: messagesAfterWrite)
            messagesAfterWrite.removeAll(keepingCapacity: true)
        }
        ready.committed = log.takeCommitted(maxApplyingBytes: settings.maxApplyingBytes)
    }

    /// The caller knew by itself that entries up to here are committed, and has given them out.
    package mutating func handedOut(through index: LogIndex) {
        log.noteHandedOut(through: index)
    }

    private mutating func takeSoftState() -> SoftState? {
        let state = SoftState(leader: leader, role: roleName)
        if state == reportedSoftState { return nil }
        reportedSoftState = state
        return state
    }

    /// What has to reach the disk; nil if nothing has, and no message waits for what is under way.
    private mutating func takeWrite() -> LogWrite? {
        let state = HardState(term: term, vote: vote, commit: log.committed)
        let isChanged = state != reportedHardState
        let isPromise = state.term != reportedHardState.term || state.vote != reportedHardState.vote
        let isHeldBack = log.awaitsSynchronization
        guard isChanged || log.hasUnwritten || (isHeldBack && !messagesAfterWrite.isEmpty) else {
            return nil
        }
        reportedHardState = state
        var write = log.takeWrite(
            hardState: isChanged ? state : nil, mustSynchronize: isPromise)
        if write.mustSynchronize || isHeldBack {
            swap(&write.messagesAfter, &messagesAfterWrite)
        }
        return write
    }

    /// The write of this number and all before it are durable.
    package mutating func persisted(through number: WriteNumber) {
        log.persisted(through: number)
        countOwnVote(durableThrough: number)
        advanceCommit()
    }
}
