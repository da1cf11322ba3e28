internal import Disk
internal import EtcdAPI
import Identifiers
internal import WriteAheadLog

/// Loads the input as a `.snap` file: it is decoded, or renamed with the suffix `.broken`.
package func fuzzSnapshotFile(_ input: UnsafeRawBufferPointer) {
    let disk = MemoryDisk()
    let store = SnapshotStore(disk: disk, directory: "/snap")
    let path = "/snap/" + SnapshotStore.fileName(term: 1, index: 2)
    do {
        try disk.createDirectory("/snap", permissions: 0o700)
        let file = try disk.open(path, .createNew(permissions: 0o600))
        try file.write(input, at: 0)
        file.close()
        guard let snapshot = try store.loadNewest() else {
            precondition(disk.exists(path + ".broken"), "a broken file is set aside")
            return
        }
        try store.save(snapshot)
        let name = SnapshotStore.fileName(
            term: Term(snapshot.metadata.term), index: LogIndex(snapshot.metadata.index))
        let again = try store.load(name)
        precondition(again == snapshot, "a snapshot is stored as it was loaded")
    } catch {
        preconditionFailure("a disk in memory has no failures of its own: \(error)")
    }
}
