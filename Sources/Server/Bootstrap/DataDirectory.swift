package import Configuration
package import Disk
import InitialMembers

/// The paths of a member's files; the layout is etcd's.
package struct DataDirectory: Sendable {
    package let root: String
    package let log: String

    package var member: String { root + "/member" }
    package var snapshots: String { member + "/snap" }
    package var database: String { snapshots + "/db" }

    package init(_ configuration: ServerConfiguration) {
        root = configuration.effectiveDataDirectory
        log = configuration.effectiveWALDirectory
    }

    /// Creates missing directories, also those above the log's, synchronizes them, and removes files
    /// that an interrupted copy of the database left.
    package func prepare(on disk: any Disk) throws {
        guard !disk.exists(root + "/proxy") else {
            throw BootstrapError("invalid datadir. Both member and proxy directories exist.")
        }
        for directory in [snapshots, DiskPath.parent(of: log)] {
            try disk.createDurableDirectory(directory, permissions: 0o700)
        }
        for name in try disk.list(snapshots) where name.hasPrefix("db.tmp") {
            try disk.remove(snapshots + "/" + name)
        }
        for directory in [member, root] { try disk.synchronizeDirectory(directory) }
    }
}
