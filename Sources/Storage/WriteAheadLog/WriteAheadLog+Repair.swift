package import Disk
package import EtcdAPI

extension WriteAheadLog {
    /// Truncates an interrupted last record of the last segment and keeps a copy of the segment as
    /// `<name>.broken`. The log must not be open.
    ///
    /// - Returns: Whether the last segment is sound now. False when it has damage that is not an
    ///   interrupted write; then nothing was changed.
    package static func repair(disk: any Disk, directory: String) throws(LogError) -> Bool {
        let names = try onDisk { () throws(DiskError) in
            try SegmentName.all(on: disk, in: directory)
        }
        guard let last = names.last else { return false }
        let path = directory + "/" + last.text
        let file = try onDisk { () throws(DiskError) in
            let file = try disk.open(path, .readWrite)
            try file.lock()
            return file
        }
        defer { file.close() }
        var decoder = LogDecoder([try SegmentReader(file, name: last.text)])
        do throws(LogError) {
            while try decoder.next() != nil {}
            return true
        } catch {
            if case .disk = error { throw error }
            guard case .unexpectedEnd(_, let offset) = error else { return false }
            try onDisk { () throws(DiskError) in
                try copy(file, to: path + ".broken", on: disk)
                try disk.synchronizeDirectory(directory)
                try file.truncate(to: offset)
                try file.synchronize()
            }
            return true
        }
    }

    private static func copy(
        _ source: any DiskFile, to path: String, on disk: any Disk
    ) throws(DiskError) {
        let target = try disk.open(path, .create(permissions: 0o600))
        defer { target.close() }
        try target.truncate(to: 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while true {
            let count = try source.read(into: buffer, at: offset)
            if count == 0 { break }
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if piece.isZero {
                try target.truncate(to: offset + count)
            } else {
                try target.write(piece, at: offset)
            }
            offset += count
        }
        try target.synchronize()
    }

    /// The snapshots that the log can be read from, oldest first: the recorded ones whose index is
    /// committed. Only reads, so that it does not affect a log that is open elsewhere.
    package static func validSnapshots(
        disk: any Disk, directory: String
    ) throws(LogError) -> [LogSnapshotRecord] {
        var readers: [SegmentReader] = []
        let names = try onDisk { () throws(DiskError) in
            try SegmentName.all(on: disk, in: directory)
        }
        for name in names {
            let file = try onDisk { () throws(DiskError) in
                try disk.open(directory + "/" + name.text, .read)
            }
            readers.append(try SegmentReader(file, name: name.text))
        }
        var decoder = LogDecoder(readers)
        var snapshots: [LogSnapshotRecord] = []
        var commit: UInt64 = 0
        do throws(LogError) {
            while let record = try decoder.next() {
                switch record.kind {
                case .snapshot: snapshots.append(try LogSnapshotRecord(strictly: record))
                case .hardState: commit = try RaftHardState(strictly: record).commit
                case .metadata, .entry, .checksum: break
                }
            }
        } catch {
            // An interrupted write at the end does not affect the records before it.
            guard case .unexpectedEnd = error else { throw error }
        }
        // A member's own snapshot may be recorded after a newer one that it received meanwhile.
        return snapshots.filter { $0.index <= commit }.sorted { $0.index < $1.index }
    }
}
