package import EtcdAPI
package import Lease
package import Raft
package import Replica
package import StateMachine
import Synchronization

/// Decides which requests a member takes, before they reach a stage. Any thread.
///
/// Every limit that turns a request away at the door is here: size, quota of the database, the gap
/// between what is committed and what is applied, messages of other members that wait.
package final class Admission: Sendable {
    private let settings: MemberSettings
    private let status: PublishedStatus
    private let quota: Quota
    private let requestID: Atomic<UInt64>
    private let receivedCount = Atomic<Int>(0)
    /// When the alarm about space was last proposed; `.min` when it is not raised, `.max` while it
    /// is.
    private let spaceAlarmProposedAt = Atomic<Int64>(.min)

    /// - Parameter firstRequestID: requests get this number and those after it; numbers of one
    ///   member must not repeat, also not after a restart.
    package init(
        settings: MemberSettings, status: PublishedStatus, quota: Quota, firstRequestID: UInt64
    ) {
        self.settings = settings
        self.status = status
        self.quota = quota
        requestID = Atomic(firstRequestID)
    }

    /// The quota in bytes; 0 without one.
    package var quotaBytes: Int64 { quota.limitBytes ?? 0 }

    /// A number for a request, never given twice.
    package func nextRequestID() -> UInt64 { requestID.add(1, ordering: .relaxed).newValue }

    /// Admits a client's request and gives the entry to propose.
    ///
    /// - Parameters:
    ///   - costBytes: what it adds to the database; nil for what needs no room.
    ///   - fileBytes: the present size of the database file,
    ///   - bytesWithPending: and what it will be with all that is applied.
    /// - Throws: `noSpace`, `requestTooLarge`, `tooManyRequests`, `stopped`.
    package func admit(
        field: UInt32, payload: [UInt8], costBytes: Int?, fileBytes: @autoclosure () -> Int,
        bytesWithPending: @autoclosure () -> Int
    ) throws(EtcdError) -> NumberedProposal {
        if let costBytes, !hasRoom(for: costBytes, fileBytes, bytesWithPending) { throw .noSpace }
        let proposal = wrap(field: field, payload: payload)
        guard proposal.data.count <= settings.requestMaximumBytes else { throw .requestTooLarge }
        guard !isOverloaded(for: field) else { throw .tooManyRequests }
        guard !status.hasStopped else { throw .stopped }
        return proposal
    }

    /// Whether a linearizable read may be carried out here and now, without asking anybody.
    package var admitsLocalRead: Bool { status.readsLocally && !status.hasStopped }

    /// The entry of a request, under a number of its own.
    package func wrap(field: UInt32, payload: [UInt8]) -> NumberedProposal {
        let id = nextRequestID()
        let data = payload.withUnsafeBytes { bytes in
            InternalRaftRequest.wrap(id: id, field: field, payload: bytes)
        }
        return NumberedProposal(id: id, data: data)
    }

    /// Whether a request fits the quota. Far below the quota the file size is enough to decide, and
    /// the store's lock is not taken.
    private func hasRoom(
        for costBytes: Int, _ fileBytes: () -> Int, _ bytesWithPending: () -> Int
    ) -> Bool {
        let atMost = fileBytes() + settings.overlayMaximumBytes
        return quota.admits(costBytes: costBytes, databaseBytes: atMost)
            || quota.admits(costBytes: costBytes, databaseBytes: bytesWithPending())
    }

    /// Whether applying lags so far behind that no new request of this kind is taken.
    private func isOverloaded(for field: UInt32) -> Bool {
        let (committed, applied) = (status.committed, status.applied)
        let isUrgent =
            settings.prioritizesRevocations && field == InternalRaftRequest.Field.leaseRevoke
        let gapMaximum = settings.applyGapMaximum * (isUrgent ? 2 : 1)
        return committed > applied && committed - applied > gapMaximum
    }
}

/// Messages of other members.
extension Admission {
    /// Counts messages that wait for the consensus stage; false when there are too many. Raft asks
    /// again for what is dropped, as on a full network.
    package func admitReceived(_ count: Int) -> Bool {
        guard receivedCount.load(ordering: .relaxed) < settings.receivedMessagesMaximum else {
            return false
        }
        receivedCount.add(count, ordering: .relaxed)
        return true
    }

    /// The consensus stage takes them.
    package func noteTaken(_ inputs: [ConsensusInput]) {
        for case .received(let messages) in inputs {
            receivedCount.subtract(messages.count, ordering: .relaxed)
        }
    }
}

/// The member's own proposals.
extension Admission {
    /// The proposal that raises this member's alarm about its full database; nil while it is raised
    /// or on its way. It is proposed again only if it was lost.
    ///
    /// - Parameter now: monotonic milliseconds.
    package func spaceAlarm(of member: MemberID, now: Int64) -> NumberedProposal? {
        let last = spaceAlarmProposedAt.load(ordering: .relaxed)
        let isDue =
            last == .min || (last != .max && now - last >= settings.requestTimeoutMilliseconds)
        guard isDue,
            spaceAlarmProposedAt.compareExchange(
                expected: last, desired: now, ordering: .relaxed
            ).exchanged
        else { return nil }
        var alarm = Etcdserverpb_AlarmRequest()
        alarm.action = .activate
        alarm.memberID = member.rawValue
        alarm.alarm = .nospace
        // Numbers alone: serialization has nothing that can fail.
        return (try? alarm.serializedBytes()).map {
            wrap(field: InternalRaftRequest.Field.alarm, payload: $0)
        }
    }

    /// The alarm may be raised again, once it was disarmed.
    package func noteSpaceAlarm(isActive: Bool) {
        spaceAlarmProposedAt.store(isActive ? .max : .min, ordering: .relaxed)
    }

    /// The proposal that ends a lease.
    package func revocation(of lease: LeaseID) -> NumberedProposal {
        wrap(
            field: InternalRaftRequest.Field.leaseRevoke,
            payload: LeaseRevokeRequest(id: lease.rawValue).encoded())
    }

    /// The proposal that tells all members how much is left of leases.
    package func checkpoint(of leases: [LeaseCheckpoint]) -> NumberedProposal {
        wrap(
            field: InternalRaftRequest.Field.leaseCheckpoint,
            payload: LeaseCheckpoint.encoded(leases))
    }
}

extension LeaseCheckpoint {
    /// The request that carries them.
    package static func encoded(_ leases: [LeaseCheckpoint]) -> [UInt8] {
        var request = Etcdserverpb_LeaseCheckpointRequest()
        request.checkpoints = leases.map { lease in
            var checkpoint = Etcdserverpb_LeaseCheckpoint()
            checkpoint.id = lease.id.rawValue
            checkpoint.remainingTtl = lease.remainingSeconds
            return checkpoint
        }
        // Numbers alone: serialization has nothing that can fail.
        return (try? request.serializedBytes()) ?? []
    }
}
