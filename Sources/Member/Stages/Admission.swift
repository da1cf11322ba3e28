package import Auth
package import EtcdAPI
package import Identifiers
package import Lease
package import MVCC
package import MonotonicClock
package import Replica
package import StateMachine
import Synchronization

/// Decides which requests a member accepts, before they reach a stage. Any thread.
///
/// It holds all limits that refuse a request up front: size, quota of the database, the gap between
/// committed and applied entries, queued messages of other members.
package final class Admission: Sendable {
    private let configuration: MemberConfiguration
    private let status: PublishedStatus
    package let quota: Quota
    /// Has the auth state by which entries name their requesters.
    private let store: Store
    private let requestID: Atomic<UInt64>
    private let receivedCount = Atomic<Int>(0)
    private let spaceAlarm: Mutex<SpaceAlarm>

    /// - Parameters:
    ///   - firstRequestID: the first request ID; IDs of one member must not repeat, not even after
    ///     a restart.
    ///   - alarms: the alarms at the start.
    package init(
        configuration: MemberConfiguration, status: PublishedStatus, quota: Quota, store: Store,
        firstRequestID: UInt64, alarms: Alarms
    ) {
        spaceAlarm = Mutex(SpaceAlarm(isActive: alarms.isActive(.noSpace)))
        self.configuration = configuration
        self.status = status
        self.quota = quota
        self.store = store
        requestID = Atomic(firstRequestID)
    }

    /// The quota in bytes; 0 without one.
    package var quotaBytes: Int64 { quota.bytesMax ?? 0 }

    /// A unique ID for a request.
    package func nextRequestID() -> UInt64 { requestID.add(1, ordering: .relaxed).newValue }

    /// Admits a client's request and returns the entry to propose.
    ///
    /// - Parameters:
    ///   - identity: on whose behalf it is proposed; checked when the entry is applied.
    ///   - costBytes: what it adds to the database; nil for what needs no space.
    ///   - fileBytes: the current size of the database file.
    ///   - countedBytes: what counts against the quota, see `Quota.countedBytes`.
    /// - Throws: `noSpace`, `requestTooLarge`, `tooManyRequests`, `stopped`.
    package func admit(
        field: UInt32, payload: [UInt8], by identity: Identity, costBytes: Int?,
        fileBytes: @autoclosure () -> Int, countedBytes: @autoclosure () -> Int
    ) throws(EtcdError) -> NumberedProposal {
        if let costBytes, !hasCapacity(for: costBytes, fileBytes, countedBytes) {
            throw .noSpace
        }
        let proposal = wrap(field: field, payload: payload, by: identity)
        guard proposal.data.count <= configuration.requestBytesMax else { throw .requestTooLarge }
        guard !isOverloaded(for: field) else { throw .tooManyRequests }
        guard !status.hasStopped else { throw .stopped }
        return proposal
    }

    /// Whether a linearizable read may be served at once, without a quorum.
    package var admitsLocalRead: Bool { status.readsLocally && !status.hasStopped }

    /// The entry of a request, with a new ID and its requester.
    package func wrap(
        field: UInt32, payload: [UInt8], by identity: Identity
    ) -> NumberedProposal {
        let id = nextRequestID()
        let requester = store.auth?.requester(identity) ?? .none
        let data = payload.withUnsafeBytes { bytes in
            InternalRaftRequest.wrap(
                id: id, username: requester.user.text, authRevision: requester.revision,
                field: field, payload: bytes)
        }
        return NumberedProposal(id: id, data: data)
    }

    /// Whether a request fits the quota. Far below the quota the file size suffices, and the
    /// store's lock is not taken.
    private func hasCapacity(
        for costBytes: Int, _ fileBytes: () -> Int, _ countedBytes: () -> Int
    ) -> Bool {
        let atMost = fileBytes() + configuration.writeBufferBytesMax
        return quota.admits(costBytes: costBytes, databaseBytes: atMost)
            || quota.admits(costBytes: costBytes, databaseBytes: countedBytes())
    }

    /// Whether applying lags so far behind that no new request of this kind is accepted.
    private func isOverloaded(for field: UInt32) -> Bool {
        let (committed, applied) = (status.committed, status.applied)
        let isUrgent =
            configuration.prioritizesRevocations && field == InternalRaftRequest.Field.leaseRevoke
        let gapMax = configuration.applyGapMax * (isUrgent ? 2 : 1)
        return committed > applied && committed - applied > gapMax
    }
}

/// Messages of other members.
extension Admission {
    /// Counts messages queued for the consensus stage; false when there are too many. Raft retries
    /// what is dropped, as on a congested network.
    package func admitReceived(_ count: Int) -> Bool {
        guard receivedCount.load(ordering: .relaxed) < configuration.receivedMessagesMax else {
            return false
        }
        receivedCount.add(count, ordering: .relaxed)
        return true
    }

    /// The consensus stage has taken them.
    package func releaseReceived(_ inputs: [ConsensusInput]) {
        for case .received(let messages) in inputs {
            receivedCount.subtract(messages.count, ordering: .relaxed)
        }
    }
}

/// The member's own proposals.
extension Admission {
    /// The proposal that raises this member's NOSPACE alarm; nil while the alarm is active or its
    /// proposal is in flight. It is proposed again only if it was lost.
    ///
    /// - Parameter now: the present time.
    package func spaceAlarm(of member: MemberID, now: MonotonicTime) -> NumberedProposal? {
        let timeout = configuration.requestTimeout
        guard spaceAlarm.withLock({ $0.raise(now: now, timeout: timeout) }) else { return nil }
        return change(.activate, of: member)
    }

    /// The proposal that ends this member's NOSPACE alarm; nil while it is in flight.
    package func spaceAlarmEnd(of member: MemberID, now: MonotonicTime) -> NumberedProposal? {
        let timeout = configuration.requestTimeout
        guard spaceAlarm.withLock({ $0.end(now: now, timeout: timeout) }) else { return nil }
        return change(.deactivate, of: member)
    }

    private func change(
        _ action: Etcdserverpb_AlarmRequest.AlarmAction, of member: MemberID
    ) -> NumberedProposal? {
        var alarm = Etcdserverpb_AlarmRequest()
        alarm.action = action
        alarm.memberID = member.rawValue
        alarm.alarm = .nospace
        // Integers only: serialization cannot fail.
        return (try? alarm.serializedBytes()).map {
            wrap(field: InternalRaftRequest.Field.alarm, payload: $0, by: .server)
        }
    }

    /// Records the state of the alarm: it may be raised again once it has ended.
    package func recordSpaceAlarm(isActive: Bool) {
        spaceAlarm.withLock { $0.record(isActive: isActive) }
    }

    /// The proposal that revokes a lease.
    package func revocation(of lease: LeaseID) -> NumberedProposal {
        wrap(
            field: InternalRaftRequest.Field.leaseRevoke,
            payload: LeaseRevokeRequest(id: lease.rawValue).encoded(), by: .server)
    }

    /// The proposal that replicates the remaining time of leases.
    package func checkpoint(of leases: [LeaseCheckpoint]) -> NumberedProposal {
        wrap(
            field: InternalRaftRequest.Field.leaseCheckpoint,
            payload: LeaseCheckpoint.encoded(leases), by: .server)
    }
}

extension LeaseCheckpoint {
    /// The encoded checkpoint request.
    package static func encoded(_ leases: [LeaseCheckpoint]) -> [UInt8] {
        var request = Etcdserverpb_LeaseCheckpointRequest()
        request.checkpoints = leases.map { lease in
            var checkpoint = Etcdserverpb_LeaseCheckpoint()
            checkpoint.id = lease.id.rawValue
            checkpoint.remainingTtl = lease.remainingSeconds
            return checkpoint
        }
        // Integers only: serialization cannot fail.
        return (try? request.serializedBytes()) ?? []
    }
}
