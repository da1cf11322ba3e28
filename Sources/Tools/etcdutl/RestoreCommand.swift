import Bolt
import Disk
import Identifiers
import InitialMembers
import Membership
import ServerLogging
import SnapshotRestore
import StandardStreams

/// snapshot restore: makes the data directory of a member of a new cluster from a snapshot file.
enum RestoreCommand {
    static func run(_ invocation: Invocation) async throws(ToolFailure) {
        let options = try RestoreOptions(invocation)
        try run(options, try await initialMembers(options), on: RealDisk())
    }

    static func run(
        _ options: RestoreOptions, _ members: [Member], on disk: any Disk
    ) throws(ToolFailure) {
        let directory = RestoreDirectory(
            disk: disk, dataDirectory: options.dataDirectory, logDirectory: options.logDirectory)
        try directory.requireUnused()
        log("restoring snapshot", options, directory)
        try directory.fill { () throws(ToolFailure) in
            try restore(options, members, into: directory)
        }
        log("restored snapshot", options, directory)
    }

    /// The members of the new cluster with their IDs, once the local one may be one of them.
    static func initialMembers(
        _ options: RestoreOptions
    ) async throws(ToolFailure) -> [Member] {
        let cluster = InitialCluster(token: options.clusterToken, members: options.members)
        do {
            try await cluster.requireBootstrappable(
                name: options.name, advertised: options.peerURLs.map(\.text),
                logger: ToolLog.logger)
            return try cluster.membersWithIDs()
        } catch {
            throw .operation("\(error)")
        }
    }

    private static func restore(
        _ options: RestoreOptions, _ members: [Member], into directory: RestoreDirectory
    ) throws(ToolFailure) {
        try SnapshotCopy(
            source: options.snapshot, destination: directory.database,
            skipsHashCheck: options.skipsHashCheck
        ).run(on: directory.disk, progress: Progress("copying"))
        let database = DatabaseFile(
            directory.database, on: directory.disk, shownPath: directory.finalSnapshots + "/db",
            mapBytes: options.mapBytes > 0 ? Int(clamping: options.mapBytes) : nil)
        try database.change { (bolt) throws(ToolFailure) in
            ToolLog.logger.info("Trimming membership information from the backend...")
            guard options.revisionBump > 0 else { return }
            try RevisionBump(amount: options.revisionBump).run(on: bolt)
        }
        let clusterID = ClusterID(initialMembers: members.map(\.id))
        logMembers(members, clusterID)
        do {
            let local = try members.named(options.name)
            try SnapshotRestore(members: members, localID: local.id, clusterID: clusterID).run(
                on: directory.disk, database: directory.database,
                snapshots: directory.snapshots, log: directory.log,
                databaseConfiguration: database.configuration(readOnly: false))
        } catch {
            throw .operation("\(error)")
        }
    }

    private static func log(
        _ message: String, _ options: RestoreOptions, _ directory: RestoreDirectory
    ) {
        ToolLog.logger.info(
            message,
            [
                "path": .string(options.snapshot), "wal-dir": .string(directory.finalLog),
                "data-dir": .string(options.dataDirectory),
                "snap-dir": .string(directory.finalSnapshots),
                "initial-memory-map-size": .unsigned(options.mapBytes),
            ])
    }

    private static func logMembers(_ members: [Member], _ clusterID: ClusterID) {
        for member in members {
            ToolLog.logger.info(
                "added member",
                [
                    "cluster-id": .hex(clusterID.rawValue), "local-member-id": "0",
                    "added-peer-id": .hex(member.id.rawValue),
                    "added-peer-peer-urls": .strings(member.peerURLs),
                    "added-peer-is-learner": .boolean(member.isLearner),
                ])
        }
    }
}
