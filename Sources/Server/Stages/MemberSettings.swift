import Disk

/// Times and limits of one member's stages. Times are milliseconds.
package struct MemberSettings: Sendable {
    /// Length of a tick, the heartbeat interval.
    package var tickMilliseconds: Int64 = 100
    /// Election timeout; a new leader's leases are extended by it.
    package var electionMilliseconds: Int64 = 1000
    /// A single voter campaigns at once.
    package var advancesFirstElection = true
    /// Whether the cluster that this member joins has it as a learner; counts until the log has
    /// told what it is.
    package var joinsAsLearner = false
    /// How long a request may wait for its answer.
    package var requestTimeoutMilliseconds: Int64 = 7000
    /// The overlay is written this often,
    package var persistMilliseconds: Int64 = 100
    /// or when it holds this many operations.
    package var persistOperations = 10_000
    /// Overlay size at which applying waits for the database file.
    package var overlayMaximumBytes = 256 << 20
    /// Records removed in one step of a compaction,
    package var compactionBatchLimit = 1000
    /// and the pause between two steps.
    package var compactionPauseMilliseconds: Int64 = 10
    /// How long a reader may hold up the removal of what is compacted.
    package var pinMaximumMilliseconds: Int64 = 30_000
    /// Log segments kept; 0 keeps all.
    package var segmentsMaximum = 5
    /// Snapshot files kept; 0 keeps all.
    package var snapshotsMaximum = 5
    /// How often those beyond that are removed.
    package var purgeMilliseconds: Int64 = 30_000
    /// Entries committed but not applied at which new requests are refused. Four times etcd's: at
    /// several times the rate the same pause of a busy machine makes several times the gap. What
    /// waits is bounded in bytes as well (`RaftConfiguration.maxApplyingBytes`).
    package var applyGapMaximum: UInt64 = 20_000
    /// Messages of other members that may wait for the consensus thread; more are dropped.
    package var receivedMessagesMaximum = 4096
    /// Whether ends of leases, which make room, are taken up to twice that gap.
    package var prioritizesRevocations = false
    /// Revocations proposed at one look at the leases: etcd's thousand a second.
    package var revocationsPerCheck = 500
    /// Leases in one checkpoint entry, and such entries proposed at one look, as in etcd.
    package var leasesPerCheckpoint = 1000
    package var checkpointsPerCheck = 500
    /// Snapshots on their way into files at a time; beyond that the next one is taken later.
    package var unsavedSnapshotsMaximum = 8
    /// Applied bytes that are reported without waking anybody.
    package var quietBytesMaximum = 1 << 20
    /// Greatest encoded request.
    package var requestMaximumBytes = 1_572_864

    /// Entries that are applied under one hold of the store's lock: readers wait meanwhile.
    package var entriesPerGroup = 64
    /// Groups that are applied in one turn; in most runs of the simulator one, an event by itself.
    package var groupsPerTurn = Int.max
    /// Bytes that are appended to the log between two synchronizations.
    package var unsynchronizedBytesMaximum = DiskShare.unsynchronizedBytesMax
    /// Bytes of proposals that may wait for a leader.
    package var heldBytesMaximum = 64 << 20

    /// Whether the log is made durable before anything is answered. Off only for tests of others.
    package var synchronizesLog = true

    package init() {}
}
