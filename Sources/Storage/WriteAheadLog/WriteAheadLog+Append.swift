package import EtcdAPI
internal import Disk

extension WriteAheadLog {
    /// Bytes of frames that are gathered before they are written although the batch goes on.
    private static let writeUnitBytes = 1 << 20

    /// Appends a batch: the entries, then the hard state, as one write where it is not huge.
    ///
    /// The batch is durable after the next `synchronize`; `needsSynchronize` tells whether Raft has
    /// to wait for one. Nothing is written for an empty batch. A segment that is full afterwards is
    /// ended, which makes all durable.
    ///
    /// - Parameters:
    ///   - entries: Ascending without gaps. The first may overwrite indexes that exist already.
    ///   - hardState: The new one; nil or empty when it did not change.
    package func append(
        entries: [RaftEntry], hardState newState: RaftHardState?
    ) throws(LogError) {
        try stoppingOnFailure { () throws(LogError) in
            for entry in entries { try stage(entry) }
            try finishBatch(newState)
        }
    }

    /// Notes that a snapshot exists and makes the note durable; call it before the snapshot is
    /// used, and before segments that it replaces are released.
    ///
    /// - Parameter isApplied: the snapshot is of what this member has applied. Its index is
    ///   committed then, which is noted with it where no hard state has said so yet; a later one
    ///   with a smaller commit index does not take it back. Otherwise the snapshot counts once a
    ///   hard state behind it says so.
    package func saveSnapshot(
        _ snapshot: LogSnapshotRecord, isApplied: Bool = false
    ) throws(LogError) {
        try stoppingOnFailure { () throws(LogError) in
            if isApplied, snapshot.index > hardState.commit {
                hardState.commit = snapshot.index
                appendHardState()
            }
            records.append(.snapshot, dataBytes: snapshot.encodedSize) { writer in
                snapshot.encode(into: &writer)
            }
            lastIndex = max(lastIndex, snapshot.index)
            try writeRecords()
            try synchronizeTail()
            needsSynchronize = false
            if snapshot.index > hardState.commit {
                uncountedSnapshot = max(uncountedSnapshot ?? 0, snapshot.index)
            }
        }
    }

    private func stage(_ entry: RaftEntry) throws(LogError) {
        records.append(.entry, dataBytes: entry.encodedSize) { writer in
            entry.encode(into: &writer)
        }
        lastIndex = entry.index
        needsSynchronize = true
        if records.count >= Self.writeUnitBytes { try writeRecords() }
    }

    private func finishBatch(_ newState: RaftHardState?) throws(LogError) {
        if let newState, newState != RaftHardState() {
            if newState.term != hardState.term || newState.vote != hardState.vote {
                needsSynchronize = true
            }
            if let index = uncountedSnapshot, newState.commit >= index {
                needsSynchronize = true
                uncountedSnapshot = nil
            }
            let commit = max(newState.commit, hardState.commit)
            hardState = newState
            hardState.commit = commit
            appendHardState()
        }
        try writeRecords()
        if tailOffset >= configuration.segmentSizeBytes { try cut() }
    }

    func appendHardState() {
        records.append(.hardState, dataBytes: hardState.encodedSize) { writer in
            hardState.encode(into: &writer)
        }
    }

    /// Writes the encoded frames at the end of the tail.
    func writeRecords() throws(LogError) {
        if records.count == 0 { return }
        let file = tail.file
        let offset = tailOffset
        let bytes = records.bytes
        try onDisk { () throws(DiskError) in try file.write(bytes, at: offset) }
        tailOffset += bytes.count
        writtenBytes += bytes.count
        records.removeAll()
    }

    /// Ends the tail and begins the next segment.
    ///
    /// The old tail is durable before the new one exists under its name, and the new one has its
    /// head before it has its name: at each moment the named segments are a complete log.
    private func cut() throws(LogError) {
        let old = tail.file
        let usedBytes = tailOffset
        try onDisk { () throws(DiskError) in
            try old.truncate(to: usedBytes)
            try old.synchronize()
        }
        let (file, temporaryPath) = try preparation.take()
        let name = SegmentName(sequence: tail.name.sequence + 1, firstIndex: lastIndex + 1)
        segments.append(Segment(name: name, file: file))
        tailOffset = 0
        appendSegmentHead()
        try writeRecords()
        let (disk, directory) = (disk, directory)
        try onDisk { () throws(DiskError) in
            try file.synchronize()
            try disk.rename(temporaryPath, to: directory + "/" + name.text)
            try disk.synchronizeDirectory(directory)
        }
        needsSynchronize = false
    }
}
