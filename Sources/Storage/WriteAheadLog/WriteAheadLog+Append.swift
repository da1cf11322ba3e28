package import EtcdAPI
internal import Disk
internal import Identifiers

extension WriteAheadLog {
    /// Bytes of frames that are buffered before they are written within a batch.
    private static let writeUnitBytes = 1 << 20

    /// Appends a batch: the entries, then the hard state, as one write unless it is very large.
    ///
    /// The batch is durable after the next `synchronize`; `needsSynchronize` is set if Raft must
    /// wait for one. Nothing is written for an empty batch. A segment that is full afterwards is
    /// cut, which makes everything durable.
    ///
    /// - Parameters:
    ///   - entries: Ascending without gaps. The first may overwrite existing indices.
    ///   - hardState: The new one; nil or empty when unchanged.
    package func append(
        entries: [RaftEntry], hardState newState: RaftHardState?
    ) throws(LogError) {
        try stoppingOnFailure { () throws(LogError) in
            for entry in entries { try encode(entry) }
            try finishBatch(newState)
        }
    }

    /// Records that a snapshot exists and makes the record durable; call it before the snapshot is
    /// used, and before segments that it replaces are released.
    ///
    /// - Parameter isApplied: the snapshot is of this member's applied state. Then its index is
    ///   committed, which is recorded with it unless a hard state already covers it; a later hard
    ///   state with a smaller commit index does not revert this. Otherwise the snapshot is valid
    ///   once a later hard state covers it.
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
            lastIndex = max(lastIndex, LogIndex(snapshot.index))
            try writeRecords()
            try synchronizeTail()
            needsSynchronize = false
            if snapshot.index > hardState.commit {
                unconfirmedSnapshot = max(unconfirmedSnapshot ?? .zero, LogIndex(snapshot.index))
            }
        }
    }

    /// Encodes an entry behind those of the batch; what fills a unit is written.
    private func encode(_ entry: RaftEntry) throws(LogError) {
        records.append(.entry, dataBytes: entry.encodedSize) { writer in
            entry.encode(into: &writer)
        }
        lastIndex = LogIndex(entry.index)
        needsSynchronize = true
        if records.count >= Self.writeUnitBytes { try writeRecords() }
    }

    private func finishBatch(_ newState: RaftHardState?) throws(LogError) {
        if let newState, newState != RaftHardState() {
            if newState.term != hardState.term || newState.vote != hardState.vote {
                needsSynchronize = true
            }
            if let index = unconfirmedSnapshot, LogIndex(newState.commit) >= index {
                needsSynchronize = true
                unconfirmedSnapshot = nil
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

    /// Cuts the log: ends the tail and begins the next segment.
    ///
    /// The old tail is durable before the new one has its name, and the new one has its head before
    /// its name: at each moment the named segments are a complete log. While the process has no
    /// descriptor for a new segment, the tail grows; the next batch tries again.
    private func cut() throws(LogError) {
        guard let (file, temporaryPath) = try takeNextSegment() else { return }
        let old = tail.file
        let usedBytes = tailOffset
        try onDisk { () throws(DiskError) in
            try old.truncate(to: usedBytes)
            try old.synchronize()
        }
        let name = SegmentName(sequence: tail.name.sequence + 1, firstIndex: lastIndex.next)
        segments.append(Segment(name: name, file: file))
        tailOffset = 0
        appendSegmentHead()
        try writeRecords()
        let (disk, directory) = (disk, directory)
        try onDisk { () throws(DiskError) in
            try file.synchronize()
            try disk.rename(temporaryPath, to: directory + "/" + name.text)
            try openedDirectory().synchronize()
        }
        needsSynchronize = false
    }

    /// The prepared file; nil when the process has no descriptor for one.
    private func takeNextSegment() throws(LogError) -> (file: any DiskFile, path: String)? {
        do throws(LogError) {
            return try preparation.take()
        } catch {
            guard error.isDescriptorShortage else { throw error }
            return nil
        }
    }
}
