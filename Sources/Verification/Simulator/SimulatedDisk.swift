import Bolt
import Disk
import EtcdAPI
import MVCC
import Membership
import Raft
import Replica
import StateMachine
import WriteAheadLog

/// The data directory of the simulated member, and how a member starts from it: as the server
/// does, with small limits, so that segments end and snapshots are taken within a short run.
struct SimulatedDisk {
    let disk: MemoryDisk
    private let log = "/data/member/wal"
    private let directory = "/data/member/snap"
    private let id = Membership.MemberID(rawValue: 0x51)
    private let cluster = ClusterID(rawValue: 0xC1)
    private let logConfiguration = LogConfiguration(segmentSizeBytes: 32 << 10)

    init(seed: UInt64) throws {
        disk = MemoryDisk(seed: seed)
        try disk.createDirectory(directory, permissions: 0o700)
        for path in ["/data/member", "/data", "/"] { try disk.synchronizeDirectory(path) }
    }

    /// Founds the member.
    func found(seed: UInt64) throws -> SimulatedMember {
        let state = try makeState()
        let metadata = LogMetadata(nodeID: id.rawValue, clusterID: cluster.rawValue)
        let log = try WriteAheadLog.create(
            disk: disk, directory: log, metadata: metadata.encoded(),
            configuration: logConfiguration)
        let member = Member(id: id, peerURLs: ["http://simulated:2380"], name: "simulated")
        let founder = FoundingMember(
            id: Raft.MemberID(id.rawValue), context: Array(member.json.utf8))
        let machine = RaftMachine(raftSettings(seed), founders: [founder])
        return makeMember(machine, state, log, snapshotIndex: 0, seed: seed)
    }

    /// Starts the member again from what the disk holds.
    func restart(seed: UInt64) throws -> SimulatedMember {
        _ = try SnapshotStore(disk: disk, directory: directory).removeLeftovers()
        let state = try makeState()
        let reading = state.bolt.beginRead()
        let mark = AppliedMark(from: reading)
        reading.end()
        let known = try WriteAheadLog.validSnapshots(disk: disk, directory: log)
        guard let start = known.last(where: { $0.index <= mark.index }) else {
            throw SimulationFailure("the database is behind every snapshot of the log")
        }
        let (log, contents) = try openLog(from: start)
        let confState = mark.confState ?? start.confState
        let machine = try RaftMachine(
            raftSettings(seed),
            restoring: RestoredState(
                hardState: HardState(contents.hardState),
                compacted: EntryID(term: Term(start.term), index: LogIndex(start.index)),
                entries: contents.entries.compactMap { Entry($0) },
                confState: confState.map { ConfState($0) } ?? ConfState(),
                applied: LogIndex(mark.index)))
        return makeMember(machine, state, log, snapshotIndex: start.index, seed: seed)
    }

    private func openLog(
        from start: LogSnapshotRecord
    ) throws -> (log: WriteAheadLog, contents: LogContents) {
        do {
            return try WriteAheadLog.open(
                disk: disk, directory: log, from: start, configuration: logConfiguration)
        } catch LogError.unexpectedEnd {
            guard try WriteAheadLog.repair(disk: disk, directory: log) else {
                throw SimulationFailure("an interrupted write of the log cannot be repaired")
            }
            return try WriteAheadLog.open(
                disk: disk, directory: log, from: start, configuration: logConfiguration)
        }
    }

    private func makeState() throws -> StateMachine {
        let options = BoltOptions(
            initialMapBytes: 1 << 24, bucketsAreFlat: true, growthStepBytes: 64 << 10)
        let bolt = try Bolt.open(disk: disk, path: directory + "/db", options: options)
        let violations = bolt.check()
        guard violations.isEmpty else {
            throw SimulationFailure("the database is broken: \(violations)")
        }
        return try StateMachine(
            bolt: bolt, membership: ClusterMembership(localID: id, clusterID: cluster),
            settings: StateSettings(),
            storeConfiguration: StoreConfiguration(
                compactionBatchLimit: 20, indexReservedBytes: 1 << 30))
    }

    private func raftSettings(_ seed: UInt64) -> RaftConfiguration {
        RaftConfiguration(id: Raft.MemberID(id.rawValue), seed: seed)
    }

    private func makeMember(
        _ machine: RaftMachine, _ state: StateMachine, _ log: WriteAheadLog,
        snapshotIndex: UInt64, seed: UInt64
    ) -> SimulatedMember {
        let replica = Replica(
            machine, settings: ReplicaSettings(snapshotCount: 40, catchUpEntries: 10),
            snapshotIndex: LogIndex(snapshotIndex), firstRound: seed)
        return SimulatedMember(
            replica: replica, state: state, log: log, bolt: state.bolt,
            snapshots: SnapshotStore(disk: disk, directory: directory))
    }
}
