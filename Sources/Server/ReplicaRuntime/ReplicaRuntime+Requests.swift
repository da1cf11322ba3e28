package import EtcdAPI
package import Raft
package import Replica
package import Stages

/// Requests. Any thread.
extension ReplicaRuntime {
    /// Admits a client's request, for `submit`.
    ///
    /// - Parameter costBytes: what it adds to the database; nil for what needs no room.
    /// - Throws: `noSpace`, after which the alarm is raised; `requestTooLarge`, `tooManyRequests`,
    ///   `stopped`.
    package func admit(
        field: UInt32, payload: [UInt8], costBytes: Int?
    ) throws(EtcdError) -> NumberedProposal {
        do throws(EtcdError) {
            return try admission.admit(
                field: field, payload: payload, costBytes: costBytes, fileBytes: bolt.sizeBytes,
                bytesWithPending: store.sizeWithPendingBytes)
        } catch {
            if error == .noSpace { member.raiseSpaceAlarm() }
            throw error
        }
    }

    /// Hands requests to the consensus stage, or works on them here while its owner sleeps.
    package func submit(_ requests: [ClientRequest]) {
        guard !hasStopped else { return refuse(requests) }
        if !member.queues.consensus.post(.requests(requests)) { refuse(requests) }
    }

    private func refuse(_ requests: [ClientRequest]) {
        var replies = ReplyBatch()
        for request in requests { replies.add(.failed(.stopped), to: request.reply, term: 0) }
        replies.deliver()
    }

    /// Proposes on the member's own behalf; nobody waits for the outcome.
    package func proposeOwn(field: UInt32, payload: [UInt8]) {
        member.queues.consensus.post(.own(admission.wrap(field: field, payload: payload)))
    }

    /// A number for a request, never given twice.
    package func nextRequestID() -> UInt64 { admission.nextRequestID() }

    /// Runs work on the state, between two batches of entries: by the owner of the apply stage, or
    /// right here if it is brief and that owner sleeps.
    ///
    /// - Parameter isBrief: whether it takes microseconds and waits for nothing.
    package func onState(isBrief: Bool = false, _ work: @escaping StateWork) {
        member.queues.apply.post(.work(work, isBrief: isBrief))
    }

    /// Runs work on the backend thread, after everything applied before now has been written.
    package func onBackend(_ work: @escaping BackendWork) {
        member.queues.backend.post(.work(work))
    }

    /// Gives the database's free space back while everything goes on.
    package func defragment(_ completion: @escaping DefragmentationCompletion) {
        if !member.queues.backend.post(.defragment(completion)) { completion("the member stops") }
    }

    /// Shows the whole of what the consensus machine lets one see. Not called when the member has
    /// stopped.
    package func onConsensus(_ look: @escaping @Sendable (RaftStatus) -> Void) {
        member.queues.consensus.post(.inspect(look))
    }

    /// Begins to hand leadership over, if this member leads; whoever asks watches `status`.
    package func transferLeadership(to target: MemberID) {
        member.queues.consensus.post(.replica(.transferLeadership(to: target)))
    }

    /// Lets so many ticks of the first election timeout pass at once.
    package func advanceElection(ticks: Int) {
        member.queues.consensus.post(.replica(.advance(ticks: ticks)))
    }

    /// Has watchers that are behind looked at soon: one was added, or its client reads again.
    package func wakeWatchers() { member.queues.catchUp.post(()) }
}
