internal import Disk
package import EtcdAPI
package import Identifiers

/// The configuration of a log.
package struct LogConfiguration: Sendable {
    /// Length at which a segment ends; etcd's is 64,000,000. Readers take any.
    package var segmentSizeBytes: Int

    package init(segmentSizeBytes: Int = 64_000_000) {
        self.segmentSizeBytes = segmentSizeBytes
    }
}

/// The durable log of a Raft member in etcd's format: entries, hard states and snapshot records in
/// a sequence of segment files.
///
/// Guarantees:
/// - Data covered by `synchronize` (or `saveSnapshot`, or a cut) survives any crash, and damage to
///   it is detected before it is read as data.
/// - A crash leaves at most an incomplete tail that was never synchronized; `open` reports one that
///   ends inside a record as `unexpectedEnd`, and `repair` truncates it.
/// - After any failure of the disk it accepts no more writes: what is durable is unknown then, and
///   the member must stop (Raft paper, section 5.1: state is on stable storage before a response).
///
/// Invariants: `segments` ascend without gaps and all are locked; the last is the tail; the file is
/// zero after `tailOffset`; the running checksum in `records` covers everything before
/// `tailOffset`.
///
/// `@unchecked Sendable`: it belongs to one thread, the log thread, which may start after its
/// creation. Only `preparation` and the static functions may be used from others.
package final class WriteAheadLog: @unchecked Sendable {
    /// A segment that this log has locked.
    struct Segment {
        let name: SegmentName
        let file: any DiskFile
    }

    package let directory: String
    package let configuration: LogConfiguration

    /// Prepares the next segment's file; used by the runtime's background thread.
    package let preparation: SegmentPreparation

    /// The newest hard state that was appended.
    package internal(set) var hardState = RaftHardState()

    /// Index of the last appended entry, or of a snapshot after it.
    package internal(set) var lastIndex: LogIndex = .zero

    /// Whether persistent state of Raft is appended but not durable yet: entries, a term or a vote.
    /// A new commit index alone needs no synchronization, unless it makes a recorded snapshot
    /// valid.
    package internal(set) var needsSynchronize = false

    /// Index of the newest recorded snapshot, until a commit index at or after it is durable.
    var unconfirmedSnapshot: LogIndex?

    /// Number of segments since the creation of the log, for tests and metrics: the tail's number.
    package var tailSequence: UInt64 { tail.name.sequence }

    /// Whether enough of the tail is used that the next segment should be prepared. A member that
    /// is started and writes little does not need one.
    package var isNextSegmentNear: Bool { tailOffset >= configuration.segmentSizeBytes / 4 }

    /// Bytes written since the log was opened.
    package internal(set) var writtenBytes = 0

    let disk: any Disk
    let metadata: [UInt8]
    var segments: [Segment]
    var tailOffset: Int
    var records: LogRecordBuffer
    private var failure: LogError?
    /// Open from the start, so that a cut needs no descriptor for it.
    private var opened: (any DiskDirectory)?

    init(
        disk: any Disk, directory: String, metadata: [UInt8], configuration: LogConfiguration,
        segments: [Segment], tailOffset: Int, checksum: UInt32
    ) {
        precondition(!segments.isEmpty, "a log has at least one segment")
        self.disk = disk
        self.directory = directory
        self.metadata = metadata
        self.configuration = configuration
        self.segments = segments
        self.tailOffset = tailOffset
        records = LogRecordBuffer(checksum: checksum)
        preparation = SegmentPreparation(
            disk: disk, directory: directory, segmentSizeBytes: configuration.segmentSizeBytes)
    }

    deinit {
        closeFiles()
    }

    var tail: Segment { segments[segments.count - 1] }

    /// Makes all appended records durable.
    package func synchronize() throws(LogError) {
        try stoppingOnFailure { () throws(LogError) in
            try synchronizeTail()
            needsSynchronize = false
        }
    }

    /// Makes everything durable and closes the files, which releases their locks.
    package func close() throws(LogError) {
        defer { closeFiles() }
        try synchronize()
    }

    /// The directory of the segments, which stays open.
    @discardableResult
    func openedDirectory() throws(DiskError) -> any DiskDirectory {
        if let opened { return opened }
        let directory = try disk.openDirectory(directory)
        opened = directory
        return directory
    }

    func synchronizeTail() throws(LogError) {
        let file = tail.file
        try onDisk { () throws(DiskError) in try file.synchronize() }
    }

    /// Runs a change of the log; after a failure no change is tried any more.
    func stoppingOnFailure(_ body: () throws(LogError) -> Void) throws(LogError) {
        if let failure { throw failure }
        do {
            try body()
        } catch {
            failure = error
            throw error
        }
    }

    private func closeFiles() {
        preparation.close()
        for segment in segments { segment.file.close() }
        opened?.close()
    }
}
