import Bolt
import Disk
import EtcdAPI
import Membership
import Raft
import Replica
import SnapshotRestore
import StateMachine
import WriteAheadLog

/// A member that ran before.
extension MemberDirectory {
    /// - Parameter founders: those of the cluster, if this member is one of them: one that was
    ///   stopped while it founded does so again.
    func restart(founders: [Membership.Member]?) throws -> MemberParts {
        try prepare()
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: Self.log)
        guard let start = known.last else {
            throw SimulationFailure("the log notes no snapshot to start from")
        }
        let (bolt, wasRecovered) = try recoverDatabase(start)
        do {
            return try restart(bolt, from: start, founders, wasRecovered: wasRecovered)
        } catch {
            bolt.close()
            throw error
        }
    }

    private func restart(
        _ bolt: Bolt, from start: LogSnapshotRecord, _ founders: [Membership.Member]?,
        wasRecovered: Bool
    ) throws -> MemberParts {
        let mark = try appliedMark(bolt)
        let (log, contents, wasRepaired) = try openLog(from: start)
        let state = try makeState(bolt)
        let machine = try restoredMachine(start, contents, mark, state, founders)
        var parts = MemberParts(
            replica: makeReplica(machine, snapshotIndex: start.index), state: state, log: log,
            snapshots: snapshotStore)
        parts.found = FoundLog(
            start: start, terms: contents.entries.map(\.term),
            prints: contents.entries.map { fingerprint(of: Array($0.data)) },
            hardState: contents.hardState,
            appliedIndex: mark.index, wasRepaired: wasRepaired, wasRecovered: wasRecovered)
        return parts
    }

    /// Opens the log, repairing once a last write that was interrupted.
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
        _ start: LogSnapshotRecord, _ contents: LogContents, _ mark: AppliedMark,
        _ state: StateMachine, _ founders: [Membership.Member]?
    ) throws -> RaftMachine {
        let hasRun =
            start.index > 0 || mark.index > 0 || contents.hardState.commit > 0
            || contents.hardState.term > 1 || contents.entries.contains { $0.term > 1 }
        if !hasRun, let founders { return foundingMachine(founders) }
        let confState =
            state.membership.members.isEmpty
            ? mark.confState ?? start.confState ?? RaftConfState() : state.confState
        return try RaftMachine(
            raftConfiguration,
            restoring: RestoredState(
                hardState: HardState(contents.hardState),
                compacted: EntryID(term: Term(start.term), index: LogIndex(start.index)),
                entries: contents.entries.compactMap { Entry($0) },
                confState: ConfState(confState), applied: LogIndex(mark.index)))
    }

    /// Opens the database, after putting a received one in its place if it is behind the snapshot.
    private func recoverDatabase(
        _ snapshot: LogSnapshotRecord
    ) throws -> (bolt: Bolt, wasRecovered: Bool) {
        var bolt = try openDatabase()
        var wasRecovered = false
        do {
            if try snapshot.index > appliedMark(bolt).index {
                bolt.close()
                wasRecovered = true
                try replaceDatabase(snapshot)
                bolt = try openDatabase()
                guard try appliedMark(bolt).index >= snapshot.index else {
                    throw SimulationFailure("a received database is behind its snapshot")
                }
            }
            _ = try snapshotStore.removeDatabases(olderThan: snapshot.index)
        } catch {
            bolt.close()
            throw error
        }
        return (bolt, wasRecovered)
    }

    private func replaceDatabase(_ snapshot: LogSnapshotRecord) throws {
        let received = snapshotStore.databasePath(index: snapshot.index)
        guard disk.exists(received) else {
            throw SimulationFailure(
                "the database is behind snapshot \(snapshot.index), and none was received")
        }
        try SnapshotDatabase(disk: disk, path: received).requireServable(through: snapshot.index)
        try disk.rename(received, to: Self.database)
        try disk.synchronizeDirectory(Self.snapshots)
    }
}
