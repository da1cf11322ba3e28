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

    private var parent: String {
        guard let slash = root.lastIndex(of: "/") else { return "." }
        return slash == root.startIndex ? "/" : String(root[..<slash])
    }

    package init(_ configuration: ServerConfiguration) {
        root = configuration.effectiveDataDirectory
        log = configuration.effectiveWALDirectory
    }

    /// Creates missing directories, synchronizes them, and removes files that an interrupted copy
    /// of the database left.
    package func prepare(on disk: any Disk) throws {
        guard !disk.exists(root + "/proxy") else {
            throw BootstrapError("invalid datadir. Both member and proxy directories exist.")
        }
        let isNew = !disk.exists(root)
        for directory in [root, member, snapshots] {
            try disk.createDirectory(directory, permissions: 0o700)
        }
        if isNew { try disk.synchronizeDirectory(parent) }
        for name in try disk.list(snapshots) where name.hasPrefix("db.tmp") {
            try disk.remove(snapshots + "/" + name)
        }
        for directory in [member, root] { try disk.synchronizeDirectory(directory) }
    }
}
