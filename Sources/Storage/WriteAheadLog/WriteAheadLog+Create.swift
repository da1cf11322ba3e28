package import Disk
internal import EtcdAPI

extension WriteAheadLog {
    /// Whether the directory holds a log.
    package static func exists(disk: any Disk, directory: String) throws(LogError) -> Bool {
        if !disk.exists(directory) { return false }
        return try onDisk { () throws(DiskError) in
            try !SegmentName.all(on: disk, in: directory).isEmpty
        }
    }

    /// Creates a new log, with a record of the empty snapshot {0, 0} to read it from.
    ///
    /// It is built under `<directory>.tmp` and renamed when complete, so that after a crash
    /// `exists` finds the whole log or none.
    ///
    /// - Parameter metadata: An encoded `LogMetadata`; it is at the head of each segment.
    package static func create(
        disk: any Disk, directory: String, metadata: [UInt8],
        configuration: LogConfiguration = LogConfiguration()
    ) throws(LogError) -> WriteAheadLog {
        if try exists(disk: disk, directory: directory) {
            throw .alreadyExists(directory: directory)
        }
        let temporary = directory + ".tmp"
        let name = SegmentName(sequence: 0, firstIndex: 0)
        let file = try onDisk { () throws(DiskError) in
            try removeAll(on: disk, temporary)
            try disk.createDirectory(temporary, permissions: 0o700)
            let path = temporary + "/" + name.text
            let file = try disk.open(path, .createNew(permissions: 0o600))
            try file.lock()
            try file.allocate(from: 0, count: configuration.segmentSizeBytes)
            return file
        }
        let log = WriteAheadLog(
            disk: disk, directory: directory, metadata: metadata, configuration: configuration,
            segments: [Segment(name: name, file: file)], tailOffset: 0, checksum: 0)
        log.appendSegmentHead()
        try log.saveSnapshot(LogSnapshotRecord(index: 0, term: 0))
        try onDisk { () throws(DiskError) in
            try disk.synchronizeDirectory(temporary)
            try removeAll(on: disk, directory)
            try disk.rename(temporary, to: directory)
            try disk.synchronizeDirectory(DiskPath.parent(of: directory))
            try log.openedDirectory()
        }
        return log
    }

    /// Encodes the head of a segment.
    func appendSegmentHead() {
        records.appendChecksum()
        records.append(.metadata, dataBytes: metadata.count) { writer in writer.append(metadata) }
        if hardState != RaftHardState() { appendHardState() }
    }

    /// Removes a directory of files, if there is one.
    private static func removeAll(
        on disk: any Disk, _ directory: String
    ) throws(DiskError) {
        if !disk.exists(directory) { return }
        for name in try disk.list(directory) { try disk.remove(directory + "/" + name) }
        try disk.removeDirectory(directory)
    }
}
