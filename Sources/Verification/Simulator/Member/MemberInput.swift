import EtcdAPI
import Raft
import Replica
import StateMachine

/// The queues of a member, each emptied by a thread of its own in the server.
enum Lane: Int, Sendable, CaseIterable {
    case consensus, log, apply, backend
}

/// The number of a client's call.
typealias CallNumber = Int

/// What reaches the consensus lane.
enum ConsensusInput {
    case input(ReplicaInput)
    case received(Message)
    /// nil is a proposal of the member itself.
    case propose(field: UInt32, payload: [UInt8], CallNumber?)
    /// A proposal of the member as the leader of a term.
    case proposeAsLeader(term: UInt64, field: UInt32, payload: [UInt8])
    case read(CallNumber)
    case changeMembership(ConfChangeType, MemberID, context: [UInt8], CallNumber)
}

/// What reaches the log lane.
enum LogInput {
    case write(LogWrite, isSole: Bool)
    case snapshot(SnapshotRequest)
    case release(LogIndex)
}

/// What reaches the apply lane.
enum ApplyInput {
    case entries([Entry])
    case install(Snapshot)
    case refused(id: UInt64)
    case readable(index: UInt64, [CallNumber])
    case role(isLeader: Bool, term: UInt64)
    case snapshot
}

/// One indivisible piece of the backend's work.
enum BackendStep {
    case takeOverlay, commitOverlay, publishOverlay
    case saveSnapshot(SnapshotRequest), noteSnapshot(SnapshotRequest), purgeSnapshots
    case send(Message)
    /// Give a client the database, with what was applied when it asked.
    case tellDatabase(atLeast: UInt64)
    case replaceDatabase(Snapshot), reloadState(Snapshot), removeReceived(UInt64)
    case compact
    case defragment

    /// What writes the overlay, in three pieces.
    static let persist: [BackendStep] = [.takeOverlay, .commitOverlay, .publishOverlay]
}

/// What a client is told.
enum CallAnswer {
    case applied(ApplyOutcome)
    /// A read may be carried out.
    case readable
    /// A lease lives for so many seconds from now on; 0 if it does not exist.
    case renewed(Int64)
    /// How long a lease lives was told; with what the judge had against it.
    case reported(SimulationFailure?)
    /// The request was not taken, and has no effect.
    case refused
    /// Nobody knows what became of it.
    case lost
}
