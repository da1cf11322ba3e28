import Auth
import EtcdAPI
import Identifiers
import MonotonicClock
import Raft
import Replica
import Stages
import StateMachine

/// Requests, as the server's services and connections post them.
extension SimulatedMember {
    /// Proposes a client's request.
    func propose(
        field: UInt32, payload: [UInt8], by identity: Identity, for call: CallNumber
    ) {
        let costBytes = Self.cost(of: field, payload)
        var isNearQuota = false
        func countedBytes() -> Int {
            isNearQuota = true
            return admission.quota.countedBytes(
                of: state.bolt, pendingBytes: state.store.pendingSize.bytes)
        }
        do throws(EtcdError) {
            let proposal = try admission.admit(
                field: field, payload: payload, by: identity, costBytes: costBytes,
                fileBytes: state.bolt.sizeBytes, countedBytes: countedBytes())
            if admission.quotaBytes > 0, costBytes != nil {
                simulation.report.count(isNearQuota ? .admittedNearQuota : .admittedFarFromQuota)
            }
            if field == InternalRaftRequest.Field.leaseRevoke,
                status.committed > status.applied + configuration.applyGapMax
            {
                simulation.report.count(.revocationsBeyondGap)
            }
            simulation.requestCalls[proposal.id] = call
            simulation.requestIdentities[proposal.id] = simulation.clients.calls[call]?.identity
            submit(.propose(proposal, completion: address(call)), call)
            if simulation.mutant == .proposesTwice, summary.role == .follower {
                post(.own(proposal))
            }
        } catch {
            refuse(call, error)
        }
    }

    /// A linearizable read: waits until everything that was acknowledged is visible here.
    func read(for call: CallNumber) {
        if admission.admitsLocalRead {
            simulation.report.count(.localReads)
            return simulation.scheduleRead(call, term: status.term)
        }
        guard simulation.mutant != .readsWithoutReadIndex else {
            return simulation.scheduleRead(call, term: status.term)
        }
        openReads.insert(call)
        submit(.read(completion: address(call)), call)
    }

    func changeMembership(
        _ type: ConfChangeType, _ member: MemberID, context: [UInt8], for call: CallNumber
    ) {
        let id = admission.nextRequestID()
        simulation.requestCalls[id] = call
        let change = ConfChange(id: id, type: type, member: member, context: context)
        submit(.changeMembership(id: id, change, completion: address(call)), call)
    }

    /// A message from another member.
    func receive(_ message: Message) {
        guard admission.admitReceived(1) else { return simulation.report.count(.receivedDropped) }
        post(.received([message]))
    }

    /// A proposal of the member itself.
    func proposeOwn(field: UInt32, payload: [UInt8], isDeferrable: Bool = false) {
        let proposal = admission.wrap(field: field, payload: payload, by: .server)
        post(.own(proposal), isDeferrable: isDeferrable)
    }

    /// Raises the alarm about this member's full database; again only if it was lost.
    func raiseSpaceAlarm() {
        guard let alarm = admission.spaceAlarm(of: id, now: clockTime) else { return }
        simulation.report.count(.spaceAlarms)
        post(.own(alarm))
    }

    /// Ends the alarm, since the database is not full any more.
    func endSpaceAlarm() {
        guard let end = admission.spaceAlarmEnd(of: id, now: clockTime) else { return }
        simulation.report.count(.spaceAlarmsEndedAlone)
        post(.own(end))
    }

    /// Proposes, and completes the call with the response.
    func propose(_ proposal: NumberedProposal, for call: CallNumber) {
        submit(.propose(proposal, completion: address(call)), call)
    }

    private func submit(_ request: ClientRequest, _ call: CallNumber) {
        openCalls.insert(call)
        post(.requests([request]))
    }

    private func address(_ call: CallNumber) -> CompletionAddress {
        CompletionAddress(receiver: receiver, token: UInt64(call))
    }

    private func refuse(_ call: CallNumber, _ error: EtcdError) {
        switch error {
        case .noSpace:
            simulation.report.count(.quotaRefusals)
            raiseSpaceAlarm()
        case .tooManyRequests:
            simulation.report.count(.gapRefusals)
            simulation.revokeRandomLease(at: host)
        case .requestTooLarge: simulation.report.count(.sizeRefusals)
        default: break
        }
        simulation.schedule(.response(call, .refused), after: .millisecond)
    }

    /// The bytes that a request adds to the database; nil for none.
    private static func cost(of field: UInt32, _ payload: [UInt8]) -> Int? {
        switch field {
        case InternalRaftRequest.Field.put:
            (try? PutRequest(decoding: payload)).map { Quota.cost(of: $0) }
        case InternalRaftRequest.Field.txn:
            (try? TxnRequest(decoding: payload)).map { Quota.cost(of: $0) }
        case InternalRaftRequest.Field.leaseGrant: Quota.costOfLease()
        default: nil
        }
    }
}
