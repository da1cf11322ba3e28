package import Auth
package import EtcdAPI
package import Identifiers
package import Raft
package import Replica
package import Stages

/// Requests. Any thread.
extension MemberRuntime {
    /// Admits a client's request, for `submit`.
    ///
    /// - Parameters:
    ///   - identity: on whose behalf it is proposed.
    ///   - costBytes: what it adds to the database; nil for what needs no space.
    /// - Throws: `noSpace`, after which the alarm is raised; `requestTooLarge`, `tooManyRequests`,
    ///   `stopped`.
    package func admit(
        field: UInt32, payload: [UInt8], by identity: Identity, costBytes: Int?
    ) throws(EtcdError) -> NumberedProposal {
        do throws(EtcdError) {
            return try admission.admit(
                field: field, payload: payload, by: identity, costBytes: costBytes,
                fileBytes: bolt.sizeBytes,
                countedBytes: admission.quota.countedBytes(
                    of: bolt, pendingBytes: store.pendingSize.bytes))
        } catch {
            if error == .noSpace { member.raiseSpaceAlarm() }
            throw error
        }
    }

    /// Posts requests to the consensus stage, or runs them inline if it is idle.
    package func submit(_ requests: [ClientRequest]) {
        guard !hasStopped else { return refuse(requests) }
        if !member.queues.consensus.post(.requests(requests)) { refuse(requests) }
    }

    private func refuse(_ requests: [ClientRequest]) {
        var completions = CompletionBatch()
        for request in requests {
            completions.add(.failed(.stopped), to: request.completion, term: 0)
        }
        completions.deliver()
    }

    /// Proposes on the member's own behalf; the response is not awaited.
    package func proposeOwn(field: UInt32, payload: [UInt8]) {
        member.queues.consensus.post(
            .own(admission.wrap(field: field, payload: payload, by: .server)))
    }

    /// A unique ID for a request.
    package func nextRequestID() -> UInt64 { admission.nextRequestID() }

    /// Runs work on the state, between two batches of entries: on the thread of the apply stage, or
    /// inline if it is brief and the stage is idle.
    ///
    /// - Parameter isBrief: whether it takes microseconds and does not block.
    package func onState(isBrief: Bool = false, _ work: @escaping StateWork) {
        member.queues.apply.post(.work(work, isBrief: isBrief))
    }

    /// Runs work on the backend thread, after everything applied before now has been written.
    package func onBackend(_ work: @escaping BackendWork) {
        member.queues.backend.post(.work(work))
    }

    /// Releases the free space of the database file, without blocking other work.
    package func defragment(_ completion: @escaping DefragmentationCompletion) {
        if !member.queues.backend.post(.defragment(completion)) {
            completion("the member is stopping")
        }
    }

    /// Calls `body` with the full status of the Raft machine. Not called when the member has
    /// stopped.
    package func onConsensus(_ body: @escaping @Sendable (RaftStatus) -> Void) {
        member.queues.consensus.post(.inspect(body))
    }

    /// Starts a transfer of leadership if this member leads; the caller watches `replicaStatus`.
    package func transferLeadership(to target: MemberID) {
        member.queues.consensus.post(.replica(.transferLeadership(to: target)))
    }

    /// Advances the first election timeout by so many ticks.
    package func advanceElection(ticks: Int) {
        member.queues.consensus.post(.replica(.advance(ticks: ticks)))
    }

    /// Wakes the catch-up of unsynced watchers: one was added, or its client reads again.
    package func wakeWatchers() { member.queues.catchUp.post(()) }
}
