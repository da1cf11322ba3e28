import Bolt
import Disk
import EtcdAPI
import Identifiers
import InitialMembers
import Raft
import MemberRuntime
import StateMachine
import WriteAheadLog

/// Restart of a member from its data directory, written by this program or by etcd.
extension MemberBootstrap {
    func restart() async throws -> StartingMember {
        try directory.prepare(on: disk)
        let snapshots = SnapshotStore(disk: disk, directory: directory.snapshots)
        _ = try snapshots.removeLeftovers()
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: directory.log)
        guard let start = known.last else {
            throw BootstrapError("the write-ahead log has no snapshot record to start from")
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
        let consistentIndex = try consistentIndex(of: bolt)
        var (log, contents) = try openLog(from: start)
        do {
            let metadata = try LogMetadata(decoding: contents.metadata)
            let localID = MemberID(rawValue: metadata.nodeID)
            let clusterID = ClusterID(rawValue: metadata.clusterID)
            let state = try makeState(bolt, localID: localID, clusterID: clusterID)
            restorePublishedAttributes(state, start, contents, consistentIndex, snapshots)
            let confState = storedConfState(state, consistentIndex, start)
            if configuration.forceNewCluster {
                try forceNewCluster(&contents, log, state, confState: confState)
            }
            let machine = try await restoredMachine(
                localID, clusterID, start, contents, consistentIndex, confState)
            logRestart(
                localID, clusterID, commit: LogIndex(contents.hardState.commit), consistentIndex)
            let parts = RuntimeParts(
                replica: replica(machine, id: localID, snapshotIndex: LogIndex(start.index)),
                state: state, log: log, snapshots: snapshots)
            return StartingMember(
                parts: parts, clusterID: clusterID, localID: localID, isNew: false,
                members: state.membership.members, remotes: [])
        } catch {
            try log.close()
            throw error
        }
    }

    /// etcd 3.5 keeps the members' published attributes in its v2 store only. A missing or broken
    /// snapshot file is ignored: members publish themselves again when they start.
    private func restorePublishedAttributes(
        _ state: StateMachine, _ start: LogSnapshotRecord, _ contents: LogContents,
        _ consistentIndex: ConsistentIndex, _ snapshots: SnapshotStore
    ) {
        guard state.lacksPublishedAttributes else { return }
        let name = SnapshotStore.fileName(
            term: Term(start.term), index: LogIndex(start.index))
        let tree = start.index > 0 ? (try? snapshots.load(name).data) : nil
        state.restorePublishedAttributes(
            tree: tree ?? [],
            entries: contents.entries.lazy
                .filter { LogIndex($0.index) <= consistentIndex.index }.map(\.data))
    }

    private func logRestart(
        _ localID: MemberID, _ clusterID: ClusterID, commit: LogIndex,
        _ consistentIndex: ConsistentIndex
    ) {
        logger.info(
            configuration.forceNewCluster ? "forcing restart member" : "restarting local member",
            [
                "cluster-id": .hex(clusterID.rawValue), "local-member-id": .hex(localID.rawValue),
                "commit-index": .unsigned(commit.rawValue),
                "applied-index": .unsigned(consistentIndex.index.rawValue),
            ])
    }

    /// Voters and learners at the applied index. As in etcd the members in the database are
    /// authoritative: they change in the transaction of the entry that changes them. The recorded
    /// ConfState is used only for a database without members.
    private func storedConfState(
        _ state: StateMachine, _ consistentIndex: ConsistentIndex, _ start: LogSnapshotRecord
    ) -> RaftConfState {
        guard state.membership.members.isEmpty else { return state.confState }
        return consistentIndex.confState ?? start.confState ?? RaftConfState()
    }

    /// The Raft state restored from the log. A log without committed entries belongs to an initial
    /// member that stopped during bootstrap, which is repeated; or to a joining member that has
    /// received nothing yet, which keeps waiting for the leader.
    private func restoredMachine(
        _ localID: MemberID, _ clusterID: ClusterID, _ start: LogSnapshotRecord,
        _ contents: LogContents, _ consistentIndex: ConsistentIndex, _ confState: RaftConfState
    ) async throws -> RaftMachine {
        // An initial member's first durable hard state has its bootstrap entries committed.
        let hasRun =
            start.index > 0 || consistentIndex.index > 0 || contents.hardState.commit > 0
            || contents.hardState.term > 1 || contents.entries.contains { $0.term > 1 }
        if hasRun, !configuration.discovery.endpoints.isEmpty {
            logger.warn(
                "discovery token is ignored since cluster already initialized; valid logs are found",
                ["wal-dir": .string(directory.log)])
        }
        if !hasRun, configuration.initialClusterState == .new {
            let initialMembers = try await initialMembers(of: try await initialCluster())
            guard initialMembers.contains(where: { $0.id == localID }),
                ClusterID(initialMembers: initialMembers.map(\.id)) == clusterID
            else {
                throw BootstrapError(
                    "the log is empty, and the initial cluster does not name its member; if it was "
                        + "joining a cluster, start it with --initial-cluster-state=existing")
            }
            return newClusterMachine(localID, initialMembers)
        }
        return try RaftMachine(
            raftConfiguration(localID),
            restoring: try restoredState(start, contents, consistentIndex, confState))
    }

    /// Opens the log; repairs it once if the last write was interrupted.
    private func openLog(
        from start: LogSnapshotRecord
    ) throws -> (log: WriteAheadLog, contents: LogContents) {
        do {
            return try WriteAheadLog.open(disk: disk, directory: directory.log, from: start)
        } catch LogError.unexpectedEnd(let file, let offset) {
            logger.warn(
                "the last write of the log was interrupted; it is truncated",
                ["file": .string(file), "offset": .number(offset)])
            guard try WriteAheadLog.repair(disk: disk, directory: directory.log) else {
                throw BootstrapError("failed to repair WAL \(file)")
            }
            logger.info("repaired WAL", ["file": .string(file)])
            return try WriteAheadLog.open(disk: disk, directory: directory.log, from: start)
        }
    }

    private func restoredState(
        _ start: LogSnapshotRecord, _ contents: LogContents, _ consistentIndex: ConsistentIndex,
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
            entries: entries, confState: ConfState(confState),
            applied: consistentIndex.index)
    }
}
