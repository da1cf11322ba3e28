import Bolt
import Disk
import EtcdAPI
import Identifiers
import Membership
import Raft
import Replica
import SnapshotRestore
import StateMachine
import WriteAheadLog

/// Restart of a member.
extension MemberDirectory {
    /// - Parameter initialMembers: those of the cluster, if this member is one of them: a bootstrap
    ///   that was interrupted is repeated.
    func restart(initialMembers: [Membership.Member]?) throws -> RestoredMember {
        try prepare()
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: Self.log)
        guard let start = known.last else {
            throw SimulationFailure("the log records no snapshot to start from")
        }
        let (bolt, wasRecovered) = try recoverDatabase(start)
        do {
            return try restart(bolt, from: start, initialMembers, wasRecovered: wasRecovered)
        } catch {
            bolt.close()
            throw error
        }
    }

    private func restart(
        _ bolt: Bolt, from start: LogSnapshotRecord, _ initialMembers: [Membership.Member]?,
        wasRecovered: Bool
    ) throws -> RestoredMember {
        let stored = try consistentIndex(bolt)
        let (log, contents, wasRepaired) = try openLog(from: start)
        let state = try makeState(bolt)
        let machine = try restoredMachine(start, contents, stored, state, initialMembers)
        var member = RestoredMember(
            replica: makeReplica(machine, snapshotIndex: LogIndex(start.index)), state: state,
            log: log,
            snapshots: snapshotStore)
        member.restoredLog = RestoredLog(
            start: start, terms: contents.entries.map { Term($0.term) },
            fingerprints: contents.entries.map { fingerprint(of: Array($0.data)) },
            hardState: contents.hardState,
            appliedIndex: stored.index, wasRepaired: wasRepaired, wasRecovered: wasRecovered)
        return member
    }

    /// Opens the log; a last write that was interrupted is repaired once.
    private func openLog(
        from start: LogSnapshotRecord
    ) throws -> (log: WriteAheadLog, contents: LogContents, wasRepaired: Bool) {
        do {
            let (log, contents) = try WriteAheadLog.open(
                disk: disk, directory: Self.log, from: start, configuration: logConfiguration)
            return (log, contents, false)
        } catch LogError.unexpectedEnd(let segment, let offset) {
            guard try WriteAheadLog.repair(disk: disk, directory: Self.log) else {
                throw LogError.unexpectedEnd(segment: segment, offsetBytes: offset)
            }
            let (log, contents) = try WriteAheadLog.open(
                disk: disk, directory: Self.log, from: start, configuration: logConfiguration)
            return (log, contents, true)
        }
    }

    private func restoredMachine(
        _ start: LogSnapshotRecord, _ contents: LogContents, _ stored: ConsistentIndex,
        _ state: StateMachine, _ initialMembers: [Membership.Member]?
    ) throws -> RaftMachine {
        let hasRun =
            start.index > 0 || stored.index > 0 || contents.hardState.commit > 0
            || contents.hardState.term > 1 || contents.entries.contains { $0.term > 1 }
        if !hasRun, let initialMembers { return initialMachine(initialMembers) }
        let confState =
            state.membership.members.isEmpty
            ? stored.confState ?? start.confState ?? RaftConfState() : state.confState
        return try RaftMachine(
            raftConfiguration,
            restoring: RestoredState(
                hardState: HardState(contents.hardState),
                compacted: EntryID(term: Term(start.term), index: LogIndex(start.index)),
                entries: contents.entries.compactMap { Entry($0) },
                confState: ConfState(confState), applied: stored.index))
    }

    /// Opens the database; if it is older than the snapshot, a received one replaces it first.
    private func recoverDatabase(
        _ snapshot: LogSnapshotRecord
    ) throws -> (bolt: Bolt, wasRecovered: Bool) {
        var bolt = try openDatabase()
        var wasRecovered = false
        do {
            if try LogIndex(snapshot.index) > consistentIndex(bolt).index {
                bolt.close()
                wasRecovered = true
                try replaceDatabase(snapshot)
                bolt = try openDatabase()
                guard try consistentIndex(bolt).index >= LogIndex(snapshot.index) else {
                    throw SimulationFailure("a received database is older than its snapshot")
                }
            }
            _ = try snapshotStore.removeDatabases(olderThan: LogIndex(snapshot.index))
        } catch {
            bolt.close()
            throw error
        }
        return (bolt, wasRecovered)
    }

    private func replaceDatabase(_ snapshot: LogSnapshotRecord) throws {
        let received = snapshotStore.databasePath(index: LogIndex(snapshot.index))
        guard disk.exists(received) else {
            throw SimulationFailure(
                "the database is older than snapshot \(snapshot.index), and none was received")
        }
        try SnapshotDatabase(disk: disk, path: received).requireServable(
            through: LogIndex(snapshot.index))
        try disk.rename(received, to: Self.database)
        try disk.synchronizeDirectory(Self.snapshots)
    }
}
