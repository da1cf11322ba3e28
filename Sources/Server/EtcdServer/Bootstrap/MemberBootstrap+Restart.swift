import Bolt
import Disk
import EtcdAPI
import Membership
import Raft
import ReplicaRuntime
import StateMachine
import WriteAheadLog

/// A member that ran before, here or as a real etcd.
extension MemberBootstrap {
    func restart(_ bolt: Bolt, _ snapshots: SnapshotStore) throws -> StartingMember {
        let reading = bolt.beginRead()
        let mark = AppliedMark(from: reading)
        reading.end()
        let start = try newestSnapshot(atMost: mark.index)
        let (log, contents) = try openLog(from: start)
        let metadata = try LogMetadata(decoding: contents.metadata)
        let localID = Membership.MemberID(rawValue: metadata.nodeID)
        let clusterID = ClusterID(rawValue: metadata.clusterID)
        let state = try makeState(bolt, localID: localID, clusterID: clusterID)
        let machine = try restoredMachine(localID, start, contents, mark)
        logger.info(
            "restarting local member",
            [
                "cluster-id": .hex(clusterID.rawValue), "local-member-id": .hex(localID.rawValue),
                "commit-index": .unsigned(contents.hardState.commit),
                "applied-index": .unsigned(mark.index),
            ])
        let parts = RuntimeParts(
            replica: replica(machine, id: localID, snapshotIndex: start.index), state: state,
            log: log, snapshots: snapshots)
        return StartingMember(
            parts: parts, clusterID: clusterID, localID: localID, isNew: false)
    }

    /// The machine as the log has it. A log in which nothing is committed is of a member that was
    /// stopped while it was founded: it is founded again.
    private func restoredMachine(
        _ localID: Membership.MemberID, _ start: LogSnapshotRecord, _ contents: LogContents,
        _ mark: AppliedMark
    ) throws -> RaftMachine {
        // A founder's first durable hard state has its founding entries committed.
        let isFounded =
            start.index > 0 || mark.index > 0 || contents.hardState.commit > 0
            || contents.hardState.term > 1 || contents.entries.contains { $0.term > 1 }
        guard isFounded else {
            let founders = try founders()
            guard founders.contains(where: { $0.id == localID }) else {
                throw BootstrapError(
                    "the log is empty, and the initial cluster does not name its member")
            }
            return foundingMachine(localID, founders)
        }
        return try RaftMachine(
            raftSettings(localID), restoring: try restoredState(start, contents, mark))
    }

    /// The newest snapshot that the log notes and the database has reached.
    private func newestSnapshot(atMost applied: UInt64) throws -> LogSnapshotRecord {
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: directory.log)
        guard let newest = known.last(where: { $0.index <= applied }) else {
            guard let oldest = known.first else {
                throw BootstrapError("the write-ahead log notes no snapshot to start from")
            }
            throw BootstrapError(
                "failed to recover v3 backend from snapshot: the database has applied index "
                    + "\(applied), the oldest snapshot is at \(oldest.index)")
        }
        return newest
    }

    /// Opens the log, repairing once a last write that was interrupted.
    private func openLog(
        from start: LogSnapshotRecord
    ) throws -> (log: WriteAheadLog, contents: LogContents) {
        do {
            return try WriteAheadLog.open(disk: disk, directory: directory.log, from: start)
        } catch LogError.unexpectedEnd(let file, let offset) {
            logger.warn(
                "the last write of the log was interrupted; it is cut off",
                ["file": .string(file), "offset": .number(offset)])
            guard try WriteAheadLog.repair(disk: disk, directory: directory.log) else {
                throw BootstrapError("failed to repair WAL \(file)")
            }
            logger.info("repaired WAL", ["file": .string(file)])
            return try WriteAheadLog.open(disk: disk, directory: directory.log, from: start)
        }
    }

    private func restoredState(
        _ start: LogSnapshotRecord, _ contents: LogContents, _ mark: AppliedMark
    ) throws -> RestoredState {
        var entries: [Entry] = []
        entries.reserveCapacity(contents.entries.count)
        for record in contents.entries {
            guard let entry = Entry(record) else {
                throw BootstrapError("entry \(record.index) of the log is of an unknown type")
            }
            entries.append(entry)
        }
        let confState = mark.confState ?? start.confState
        return RestoredState(
            hardState: HardState(contents.hardState),
            compacted: EntryID(term: Term(start.term), index: LogIndex(start.index)),
            entries: entries, confState: confState.map { ConfState($0) } ?? ConfState(),
            applied: LogIndex(mark.index))
    }
}
