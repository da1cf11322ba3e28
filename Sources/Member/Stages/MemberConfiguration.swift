import Disk
package import MonotonicClock

/// Times and limits of one member's stages.
package struct MemberConfiguration: Sendable {
    /// Length of a tick, the heartbeat interval.
    package var tickInterval = TimeSpan.milliseconds(100)
    /// Election timeout; a new leader's leases are extended by it.
    package var electionTimeout = TimeSpan.seconds(1)
    /// A single voter campaigns at once.
    package var advancesFirstElection = true
    /// Whether this member joins its cluster as a learner; used until the log says what it is.
    package var joinsAsLearner = false
    /// How long a request may wait for its response.
    package var requestTimeout = TimeSpan.seconds(7)
    /// How often the write buffer is written.
    package var persistInterval = TimeSpan.milliseconds(100)
    /// Operations in the write buffer at which it is written earlier.
    package var persistOperations = 10_000
    /// Size of the write buffer at which applying waits for the database file.
    package var writeBufferBytesMax = 256 << 20
    /// Pause between two steps of a compaction.
    package var compactionPause = TimeSpan.milliseconds(10)
    /// Free space that the database file keeps, or an eighth of what is in use if that is more; what
    /// exceeds it by a quarter is returned to the file system.
    package var freeBytesKept = 16 << 20
    /// Pages returned in one step.
    package var pagesPerRelease = 1024
    /// Pages moved at once from the end of the database file, so that it can become shorter.
    package var pagesPerMove = 256
    /// How long no pages are returned after a failure to do so.
    package var releaseRetryInterval = TimeSpan.seconds(60)
    /// How long a reader may block the removal of compacted records.
    package var pinTimeMax = TimeSpan.seconds(30)
    /// Log segments kept; 0 keeps all.
    package var segmentsMax = 5
    /// Snapshot files kept; 0 keeps all.
    package var snapshotsMax = 5
    /// How often files beyond these numbers are removed.
    package var purgeInterval = TimeSpan.seconds(30)
    /// Gap between committed and applied entries at which new requests are refused. Four times
    /// etcd's: at several times the rate the same stall of a busy machine makes several times the
    /// gap. Unapplied entries are bounded in bytes as well (`RaftConfiguration.applyingBytesMax`).
    package var applyGapMax: Int = 20_000
    /// Messages of other members that may be queued for the consensus thread; more are dropped.
    package var receivedMessagesMax = 4096
    /// Whether revocations of leases, which free space, are accepted up to twice `applyGapMax`.
    package var prioritizesRevocations = false
    /// Revocations that are proposed and not applied; those of a check of the leases count until the
    /// next one, since they may be lost. Where no revocation is applied, it is etcd's thousand a
    /// second.
    package var revocationsInFlightMax = 500
    /// Revocations proposed at once, so that other requests come in between.
    package var revocationsPerStep = 125
    /// The time between two such steps while expired leases are left.
    package var revocationPause = TimeSpan.milliseconds(4)
    /// Leases in one checkpoint entry, as in etcd.
    package var leasesPerCheckpoint = 1000
    /// Checkpoint entries proposed at one check of the leases, as in etcd.
    package var checkpointsPerCheck = 500
    /// Snapshots being written at a time; beyond that the next one is delayed.
    package var unsavedSnapshotsMax = 8
    /// Applied bytes that may stay unreported to the consensus stage without waking it.
    package var unreportedBytesMax = 1 << 20
    /// Maximum size of an encoded request.
    package var requestBytesMax = 1_572_864

    /// Whether responses are built without a waiting caller, too. For checks that compare them with
    /// those of other members.
    package var buildsUnawaitedResponses = false
    /// Entries applied while holding the store's lock once: readers wait meanwhile.
    package var entriesPerGroup = 64
    /// Groups applied in one run; most runs of the simulator use one, as a separate event.
    package var groupsPerRun = Int.max
    /// Bytes appended to the log between two synchronizations.
    package var unsynchronizedBytesMax = DiskShare.unsynchronizedBytesMax
    /// Bytes of proposals that may wait for a leader.
    package var heldBytesMax = 64 << 20

    /// Whether the log is made durable before anything is acknowledged; off with
    /// `--unsafe-no-fsync`.
    package var synchronizesLog = true

    package init() {}
}
