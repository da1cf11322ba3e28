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
    func restart() async throws -> StartingMember {
        try directory.prepare(on: disk)
        let snapshots = SnapshotStore(disk: disk, directory: directory.snapshots)
        _ = try snapshots.removeLeftovers()
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: directory.log)
        guard let start = known.last else {
            throw BootstrapError("the write-ahead log notes no snapshot to start from")
        }
        let bolt = try recoverDatabase(start, snapshots)
        do {
            return try await restart(bolt, snapshots, from: start)
        } catch {
            bolt.close()
            throw error
        }
    }

    private func restart(
        _ bolt: Bolt, _ snapshots: SnapshotStore, from start: LogSnapshotRecord
    ) async throws -> StartingMember {
        let mark = try appliedMark(bolt)
        var (log, contents) = try openLog(from: start)
        do {
            let metadata = try LogMetadata(decoding: contents.metadata)
            let localID = Membership.MemberID(rawValue: metadata.nodeID)
            let clusterID = ClusterID(rawValue: metadata.clusterID)
            let state = try makeState(bolt, localID: localID, clusterID: clusterID)
            try requireSupported(contents, after: state.appliedIndex)
            recallPublications(state, start, contents, mark, snapshots)
            let confState = storedConfState(state, mark, start)
            if configuration.forceNewCluster {
                try forceNewCluster(&contents, log, state, confState: confState)
            }
            let machine = try await restoredMachine(
                localID, clusterID, start, contents, mark, confState)
            tellRestart(localID, clusterID, commit: contents.hardState.commit, mark)
            let parts = RuntimeParts(
                replica: replica(machine, id: localID, snapshotIndex: start.index), state: state,
                log: log, snapshots: snapshots)
            return StartingMember(
                parts: parts, clusterID: clusterID, localID: localID, isNew: false,
                members: state.membership.members, remotes: [])
        } catch {
            try log.close()
            throw error
        }
    }

    /// A 3.5 has told what members published in its former store alone. A snapshot file that is
    /// missing or broken tells nothing: members publish themselves again when they start.
    private func recallPublications(
        _ state: StateMachine, _ start: LogSnapshotRecord, _ contents: LogContents,
        _ mark: AppliedMark, _ snapshots: SnapshotStore
    ) {
        guard state.lacksPublications else { return }
        let name = SnapshotStore.fileName(term: start.term, index: start.index)
        let tree = start.index > 0 ? (try? snapshots.load(name).data) : nil
        state.recallPublications(
            tree: tree ?? [],
            entries: contents.entries.lazy.filter { $0.index <= mark.index }.map(\.data))
    }

    private func tellRestart(
        _ localID: Membership.MemberID, _ clusterID: ClusterID, commit: UInt64,
        _ mark: AppliedMark
    ) {
        logger.info(
            configuration.forceNewCluster ? "forcing restart member" : "restarting local member",
            [
                "cluster-id": .hex(clusterID.rawValue), "local-member-id": .hex(localID.rawValue),
                "commit-index": .unsigned(commit), "applied-index": .unsigned(mark.index),
            ])
    }

    /// Voters and learners at the applied index. The members of the database count, as in etcd:
    /// they change in the transaction of the entry that changes them. Only a database without
    /// members leaves it to what the consensus layer has noted.
    private func storedConfState(
        _ state: StateMachine, _ mark: AppliedMark, _ start: LogSnapshotRecord
    ) -> RaftConfState {
        guard state.membership.members.isEmpty else { return state.confState }
        return mark.confState ?? start.confState ?? RaftConfState()
    }

    /// The machine as the log has it. A log in which nothing is committed is of a founder that was
    /// stopped while it was founded, and it is founded again; or of a member that joined and has
    /// heard nothing yet, and it goes on waiting.
    private func restoredMachine(
        _ localID: Membership.MemberID, _ clusterID: ClusterID, _ start: LogSnapshotRecord,
        _ contents: LogContents, _ mark: AppliedMark, _ confState: RaftConfState
    ) async throws -> RaftMachine {
        // A founder's first durable hard state has its founding entries committed.
        let hasRun =
            start.index > 0 || mark.index > 0 || contents.hardState.commit > 0
            || contents.hardState.term > 1 || contents.entries.contains { $0.term > 1 }
        if hasRun, !configuration.discovery.endpoints.isEmpty {
            logger.warn(
                "discovery token is ignored since cluster already initialized; valid logs are found",
                ["wal-dir": .string(directory.log)])
        }
        if !hasRun, configuration.initialClusterState == .new {
            let founders = try await founders(of: try await initialCluster())
            guard founders.contains(where: { $0.id == localID }),
                ClusterID(founders: founders.map(\.id)) == clusterID
            else {
                throw BootstrapError(
                    "the log is empty, and the initial cluster does not name its member; if it was "
                        + "joining a cluster, start it with --initial-cluster-state=existing")
            }
            return foundingMachine(localID, founders)
        }
        return try RaftMachine(
            raftSettings(localID), restoring: try restoredState(start, contents, mark, confState))
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
        _ start: LogSnapshotRecord, _ contents: LogContents, _ mark: AppliedMark,
        _ confState: RaftConfState
    ) throws -> RestoredState {
        var entries: [Entry] = []
        entries.reserveCapacity(contents.entries.count)
        for record in contents.entries {
            guard let entry = Entry(record) else {
                throw BootstrapError("entry \(record.index) of the log is of an unknown type")
            }
            entries.append(entry)
        }
        return RestoredState(
            hardState: HardState(contents.hardState),
            compacted: EntryID(term: Term(start.term), index: LogIndex(start.index)),
            entries: entries, confState: ConfState(confState), applied: LogIndex(mark.index))
    }
}
