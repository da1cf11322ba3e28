package import Disk
package import EtcdAPI
import Identifiers

extension WriteAheadLog {
    /// Opens a log for appending and reads the records after a snapshot.
    ///
    /// The returned contents are durable: a killed process may have left writes, and the name of
    /// its last segment, only in the page cache, and the member builds on what it reads.
    ///
    /// - Parameter snapshot: One that `saveSnapshot` recorded, or {0, 0} for the whole log.
    /// - Throws: `unexpectedEnd` when the last write was interrupted; then call `repair` once and
    ///   open again. Everything else needs an operator.
    package static func open(
        disk: any Disk, directory: String, from snapshot: LogSnapshotRecord,
        configuration: LogConfiguration = LogConfiguration()
    ) throws(LogError) -> (log: WriteAheadLog, contents: LogContents) {
        let segments = try lockSegments(
            disk: disk, directory: directory, from: LogIndex(snapshot.index))
        var isOpen = false
        defer { if !isOpen { for segment in segments { segment.file.close() } } }
        var readers: [SegmentReader] = []
        for segment in segments {
            readers.append(try SegmentReader(segment.file, name: segment.name.text))
        }
        var decoder = LogDecoder(readers)
        var replay = LogReplay(from: snapshot)
        while let record = try decoder.next() { try replay.apply(record) }
        if !replay.isStartKnown { throw .snapshotNotFound }
        guard let checksum = decoder.checksum, let last = readers.last else {
            throw .snapshotNotFound
        }
        let tail = segments[segments.count - 1].file
        try clearTail(last, tail, decoder.offset, configuration)
        try onDisk { () throws(DiskError) in try tail.synchronize() }
        let contents = replay.contents
        let log = WriteAheadLog(
            disk: disk, directory: directory, metadata: contents.metadata,
            configuration: configuration, segments: segments, tailOffset: decoder.offset,
            checksum: checksum)
        isOpen = true
        try onDisk { () throws(DiskError) in try log.openedDirectory().synchronize() }
        log.hardState = contents.hardState
        log.lastIndex = replay.lastIndex
        return (log, contents)
    }

    /// Opens and locks the segments from the one that contains the entries after `index`.
    private static func lockSegments(
        disk: any Disk, directory: String, from index: LogIndex
    ) throws(LogError) -> [Segment] {
        let names = try segmentNames(disk: disk, directory: directory, from: index)
        var segments: [Segment] = []
        do throws(DiskError) {
            for name in names {
                let file = try disk.open(directory + "/" + name.text, .readWrite)
                segments.append(Segment(name: name, file: file))
                try file.lock()
            }
        } catch {
            for segment in segments { segment.file.close() }
            throw .disk(error)
        }
        return segments
    }

    /// The last segment that begins at or before `index`, and all after it.
    private static func segmentNames(
        disk: any Disk, directory: String, from index: LogIndex
    ) throws(LogError) -> ArraySlice<SegmentName> {
        let names = try onDisk { () throws(DiskError) in
            try SegmentName.all(on: disk, in: directory)
        }
        guard let first = names.lastIndex(where: { $0.firstIndex <= index }) else {
            throw .noSegment(snapshotIndex: index)
        }
        let selected = names[first...]
        for (name, next) in zip(selected, selected.dropFirst())
        where next.sequence != name.sequence &+ 1 {
            throw .brokenSequence(directory: directory)
        }
        return selected
    }

    /// Zeroes the space after the last record and restores the tail's full length.
    ///
    /// An interrupted write may have left later sectors after a missing first one. Partly
    /// overwritten, the next opening would take them for damage; they were never synchronized.
    private static func clearTail(
        _ reader: SegmentReader, _ file: any DiskFile, _ offset: Int,
        _ configuration: LogConfiguration
    ) throws(LogError) {
        let size = configuration.segmentSizeBytes
        let isClear = try reader.isZero(from: offset)
        if isClear && reader.sizeBytes >= size { return }
        try onDisk { () throws(DiskError) in
            if !isClear { try file.truncate(to: offset) }
            if offset < size { try file.allocate(from: offset, count: size - offset) }
        }
    }
}
