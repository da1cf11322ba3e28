internal import Disk
package import Identifiers

extension SnapshotStore {
    /// Removes the files of an interrupted run: `tmp*` (snapshots being written or received) and
    /// `db.tmp*` (defragmentations). Called first at the start of the member.
    ///
    /// - Returns: The names of the removed files.
    @discardableResult
    package func removeLeftovers() throws(SnapshotStoreError) -> [String] {
        try remove { $0.hasPrefix("tmp") || $0.hasPrefix("db.tmp") }
    }

    /// Removes received databases older than the snapshot that the member starts from: they were
    /// replaced before they were used.
    @discardableResult
    package func removeDatabases(olderThan index: LogIndex) throws(SnapshotStoreError) -> [String] {
        try remove { name in Self.databaseIndex(name).map { $0 < index } ?? false }
    }

    /// Keeps the newest snapshots and as many received databases. It always keeps the newest
    /// snapshot that the log has recorded, which the next start needs, and all databases after it,
    /// which may wait to be installed: more of them than `maximum` while the log is blocked.
    ///
    /// - Parameters:
    ///   - maximum: etcd's `max-snapshots`; 0 keeps all.
    ///   - recorded: index of the newest snapshot whose record in the log is durable.
    @discardableResult
    package func purge(
        keeping maximum: Int, recorded: LogIndex = .max
    ) throws(SnapshotStoreError) -> [String] {
        precondition(maximum >= 0, "a number of snapshots to keep is not negative")
        if maximum == 0 { return [] }
        let present = try snapshotNames()
        let unrecorded = present.reversed().prefix { Self.snapshotIndex($0) > recorded }.count
        let snapshots = present.dropLast(max(maximum, unrecorded + 1))
        let names = try run { () throws(DiskError) in try disk.list(directory) }
        let databases = names.filter { Self.databaseIndex($0) != nil }.dropLast(maximum)
            .filter { name in Self.databaseIndex(name).map { $0 <= recorded } ?? false }
        return try remove { snapshots.contains($0) || databases.contains($0) }
    }

    /// The index in the name of a `.snap` file; 0 for other names.
    private static func snapshotIndex(_ name: String) -> LogIndex {
        let parts = name.utf8.dropLast(".snap".utf8.count).split(separator: UInt8(ascii: "-"))
        return LogIndex(parts.last.flatMap { UInt64(hexadecimal: Array($0)) } ?? 0)
    }

    /// The snapshot index in the name of a received database; nil for other names.
    static func databaseIndex(_ name: String) -> LogIndex? {
        let ending = ".snap.db"
        guard name.hasSuffix(ending) else { return nil }
        return UInt64(hexadecimal: Array(name.utf8.dropLast(ending.utf8.count))).map {
            LogIndex($0)
        }
    }

    private func remove(
        where isUnwanted: (String) -> Bool
    ) throws(SnapshotStoreError) -> [String] {
        try run { () throws(DiskError) in
            let unwanted = try disk.list(directory).filter(isUnwanted)
            for name in unwanted { try disk.remove(directory + "/" + name) }
            return unwanted
        }
    }
}
