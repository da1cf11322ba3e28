internal import Disk
internal import EtcdAPI
internal import WriteAheadLog

/// Opens the input as the last segment of a log, repairs it if needed, and appends to it.
///
/// Any input is either refused or read; what was read and appended must be read again unchanged.
package func fuzzWriteAheadLog(_ input: UnsafeRawBufferPointer) {
    let disk = MemoryDisk()
    let directory = "/wal"
    do {
        try disk.createDirectory(directory, permissions: 0o700)
        let name = directory + "/0000000000000000-0000000000000000.wal"
        let file = try disk.open(name, .createNew(permissions: 0o600))
        try file.write(input, at: 0)
        file.close()
    } catch {
        preconditionFailure("a disk in memory has no failures of its own: \(error)")
    }
    _ = try? WriteAheadLog.validSnapshots(disk: disk, directory: directory)
    if (try? openAndAppend(disk, directory)) == true { return }
    disk.closeAllFiles()
    if (try? WriteAheadLog.repair(disk: disk, directory: directory)) == true {
        _ = try? openAndAppend(disk, directory)
    }
}

/// - Returns: Whether the log could be opened.
private func openAndAppend(_ disk: MemoryDisk, _ directory: String) throws -> Bool {
    let configuration = LogConfiguration(segmentSizeBytes: 4096)
    let origin = LogSnapshotRecord(index: 0, term: 0)
    let (log, contents) = try WriteAheadLog.open(
        disk: disk, directory: directory, from: origin, configuration: configuration)
    let next = UInt64(contents.entries.count) + 1
    let entry = RaftEntry(term: 1, index: next, data: [UInt8](repeating: 7, count: 100))
    do {
        try log.append(entries: [entry], hardState: RaftHardState(term: 1))
        try log.close()
        let again = try WriteAheadLog.open(
            disk: disk, directory: directory, from: origin, configuration: configuration)
        precondition(
            again.contents.entries == contents.entries + [entry],
            "an opened log holds what it held and what was appended")
        precondition(again.contents.metadata == contents.metadata, "a log keeps its metadata")
        try again.log.close()
    } catch {
        preconditionFailure("a log that could be opened can be written and read: \(error)")
    }
    return true
}
