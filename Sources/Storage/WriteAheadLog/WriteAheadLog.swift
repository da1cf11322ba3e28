internal import Disk
package import EtcdAPI

/// How a log is kept.
package struct LogConfiguration: Sendable {
    /// Length at which a segment ends; etcd's is 64,000,000. Readers take any.
    package var segmentSizeBytes: Int

    package init(segmentSizeBytes: Int = 64_000_000) {
        self.segmentSizeBytes = segmentSizeBytes
    }
}

/// The durable log of a Raft member in etcd's format: entries, hard states and notes of snapshots
/// in a row of segment files.
///
/// What it guarantees:
/// - What `synchronize` (or `saveSnapshot`, or a cut) covered is there after any crash, and damage
///   to it is noticed before it is read as data.
/// - A crash leaves at most an incomplete tail that was never synchronized; `open` reports one that
///   ends inside a record as `unexpectedEnd`, and `repair` cuts it off.
/// - After any failure of the disk it accepts nothing more: what is durable is unknown then, and
///   the member must stop (Raft paper, section 5.1: state is on stable storage before an answer).
///
/// Invariants: `segments` ascend without gaps and all are locked; the last is the tail; the file
/// is zero behind `tailOffset`; the running checksum in `records` covers all before `tailOffset`.
///
/// `@unchecked Sendable`: it belongs to one thread, the log thread, which may be chosen after it
/// was made. Only `preparation` and the static functions may be used from others.
package final class WriteAheadLog: @unchecked Sendable {
    /// A segment that this log holds locked.
    struct Segment {
        let name: SegmentName
        let file: any DiskFile
    }

    package let directory: String
    package let configuration: LogConfiguration

    /// Where the next segment's file is made ready; for the runtime's background thread.
    package let preparation: SegmentPreparation

    /// The newest hard state that was appended.
    package internal(set) var hardState = RaftHardState()

    /// Index of the last entry that was appended, or of a snapshot behind it.
    package internal(set) var lastIndex: UInt64 = 0

    /// Whether something that Raft counts as persistent is appended but not durable yet: entries,
    /// a term or a vote. A new commit index alone needs no synchronization, unless it is what makes
    /// a noted snapshot count.
    package internal(set) var needsSynchronize = false

    /// Index of the newest noted snapshot, until a commit index at or behind it is durable.
    var uncountedSnapshot: UInt64?

    /// Segments begun since the log was created, for tests and metrics: the tail's number.
    package var tailSequence: UInt64 { tail.name.sequence }

    /// Whether so much of the tail is used that the next segment should be made ready. A member
    /// that is started and writes little has no use for one.
    package var isNextSegmentNear: Bool { tailOffset >= configuration.segmentSizeBytes / 4 }

    /// Bytes written since the log was opened.
    package internal(set) var writtenBytes = 0

    let disk: any Disk
    let metadata: [UInt8]
    var segments: [Segment]
    var tailOffset: Int
    var records: LogRecordBuffer
    private var failure: LogError?

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

    /// Makes all that was appended durable.
    package func synchronize() throws(LogError) {
        try stoppingOnFailure { () throws(LogError) in
            try synchronizeTail()
            needsSynchronize = false
        }
    }

    /// Makes all durable and lets go of the files and their locks.
    package func close() throws(LogError) {
        defer { closeFiles() }
        try synchronize()
    }

    func synchronizeTail() throws(LogError) {
        let file = tail.file
        try onDisk { () throws(DiskError) in try file.synchronize() }
    }

    /// Runs a change of the log; after a failure none is tried any more.
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
    }
}
