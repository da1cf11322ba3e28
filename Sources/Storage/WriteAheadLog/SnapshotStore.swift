package import Disk
package import EtcdAPI
internal import CCRC32C
package import Identifiers

/// An error of storing or reading a snapshot file.
package enum SnapshotStoreError: Error, Equatable, Sendable {
    case disk(DiskError)
    /// The file is empty, has no data or no checksum.
    case empty(file: String)
    /// The data differs from what was written.
    case checksumMismatch(file: String, expected: UInt32, computed: UInt32)
    /// The checksum is correct or missing, but the bytes are not a snapshot.
    case malformed(file: String)
}

extension SnapshotStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .disk(let error): "snap: \(error)"
        case .empty(let file): "snap: empty snapshot: \(file)"
        case .checksumMismatch(let file, _, _): "snap: crc mismatch: \(file)"
        case .malformed(let file): "snap: malformed snapshot: \(file)"
        }
    }
}

/// A snapshot's file name and bytes.
package struct EncodedSnapshot: Sendable {
    let name: String
    let content: [UInt8]
}

/// The directory with a member's snapshots: `.snap` files (Raft metadata and the v2 store's JSON)
/// and received databases `.snap.db`. It does not manage the database `db` beside them.
///
/// A snapshot gets its name only once it is complete and durable, so a crash leaves the whole file
/// or a `tmp` file that `removeLeftovers` removes.
package struct SnapshotStore: Sendable {
    package let directory: String
    let disk: any Disk

    package init(disk: any Disk, directory: String) {
        self.disk = disk
        self.directory = directory
    }

    /// Name of the file of a snapshot.
    package static func fileName(term: Term, index: LogIndex) -> String {
        "\(term.rawValue.hexadecimal16)-\(index.rawValue.hexadecimal16).snap"
    }

    /// Path of the database that was received for a snapshot.
    package func databasePath(index: LogIndex) -> String {
        directory + "/" + index.rawValue.hexadecimal16 + ".snap.db"
    }

    /// Path of such a database while it is received; `commitDatabase` renames it.
    package func temporaryDatabasePath(index: LogIndex) -> String {
        directory + "/tmp." + index.rawValue.hexadecimal16 + ".snap.db"
    }

    /// Renames a completely received and synchronized database to its final name, durably.
    package func commitDatabase(index: LogIndex) throws(SnapshotStoreError) {
        try run { () throws(DiskError) in
            try disk.rename(temporaryDatabasePath(index: index), to: databasePath(index: index))
            try disk.synchronizeDirectory(directory)
        }
    }

    /// Stores a snapshot durably. One of the same term and index is replaced.
    package func save(_ snapshot: RaftSnapshot) throws(SnapshotStoreError) {
        try save(encode(snapshot))
    }

    /// The file of a snapshot, not stored yet.
    package func encode(_ snapshot: RaftSnapshot) -> EncodedSnapshot {
        let data = snapshot.encoded()
        let checksum = data.withUnsafeBytes { crc32c_update(0, $0.baseAddress, $0.count) }
        return EncodedSnapshot(
            name: Self.fileName(
                term: Term(snapshot.metadata.term), index: LogIndex(snapshot.metadata.index)),
            content: SnapshotFile(crc: checksum, data: data[...]).encoded())
    }

    /// Stores an encoded snapshot durably.
    package func save(_ snapshot: EncodedSnapshot) throws(SnapshotStoreError) {
        let temporary = directory + "/tmp." + snapshot.name
        do throws(DiskError) {
            try write(snapshot.content, to: temporary)
            try disk.rename(temporary, to: directory + "/" + snapshot.name)
            try disk.synchronizeDirectory(directory)
        } catch {
            // A file that cannot be removed either is a leftover for the next start.
            if disk.exists(temporary) { try? disk.remove(temporary) }
            throw .disk(error)
        }
    }

    private func write(_ content: [UInt8], to path: String) throws(DiskError) {
        // etcd leaves the permissions of these files to the umask.
        let file = try disk.open(path, .create(permissions: 0o666))
        defer { file.close() }
        try file.truncate(to: 0)
        try content.span.bytes.withUnsafeBytes { buffer throws(DiskError) in
            try file.write(buffer, at: 0)
        }
        try file.synchronize()
    }

    func run<Result>(
        _ body: () throws(DiskError) -> Result
    ) throws(SnapshotStoreError) -> Result {
        do {
            return try body()
        } catch {
            throw .disk(error)
        }
    }
}
