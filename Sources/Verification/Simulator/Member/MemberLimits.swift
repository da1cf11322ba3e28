import Disk
import Stages
import StateMachine

/// Limits of one cluster, small so that segments end, snapshots are due, logs are cut and every
/// bound is reached within a short run.
struct MemberLimits {
    var snapshotCount = 100
    var catchUpEntries = 30
    var segmentSizeBytes = 32 << 10
    var compactionBatchLimit = 20
    /// nil for none.
    var quotaBytes: Int64?
    /// nil for no checkpoints of leases.
    var leaseCheckpointMilliseconds: Int64?
    /// Turns in a row that a guest takes when others post meanwhile; four in the server.
    var guestTurnsMaximum = 4
    var raft = RaftLimits()
    /// What all members share of their settings.
    var settings = MemberSettings()

    struct RaftLimits {
        var maxMessageBytes = 1 << 20
        var maxInflightMessages = 512
        var maxApplyingBytes = 64 << 20
        var maxUncommittedBytes = 256 << 20
        var maxUnstableBytes = 256 << 20
        var maxInflightBytes = 2 << 20
        var maxPendingReads = 1 << 16

        /// What a leader's refusal over too many bytes shows: the bound that is the only small one.
        var refusal: Occurrence? {
            let standard = RaftLimits()
            switch (
                maxUncommittedBytes < standard.maxUncommittedBytes,
                maxUnstableBytes < standard.maxUnstableBytes
            ) {
            case (true, false): return .uncommittedRefusals
            case (false, true): return .unstableRefusals
            default: return nil
            }
        }
    }

    init(_ generator: inout SeededGenerator) {
        snapshotCount = 40 + generator.number(below: 200)
        catchUpEntries = 5 + generator.number(below: 60)
        segmentSizeBytes = 8 << (10 + generator.number(below: 4))
        compactionBatchLimit = 5 + generator.number(below: 40)
        settings.segmentsMaximum = 2
        settings.snapshotsMaximum = 2
        // From with each snapshot to with every tenth.
        settings.purgeMilliseconds = 50 << Int64(snapshotCount % 8)
        settings.entriesPerGroup = 1 + generator.number(below: 8)
        // A tenth of the runs synchronizes the log as seldom as the server does.
        if generator.happens(900_000) {
            settings.unsynchronizedBytesMaximum = 1 << (10 + generator.number(below: 8))
        }
        drawBounds(&generator)
        if generator.happens(400_000) { drawRaftBounds(&generator) }
        drawShortcuts(&generator)
    }

    private mutating func drawRaftBounds(_ generator: inout SeededGenerator) {
        raft.maxMessageBytes = 1 << (8 + generator.number(below: 8))
        raft.maxInflightMessages = 1 + generator.number(below: 16)
        raft.maxApplyingBytes = 1 << (10 + generator.number(below: 8))
        raft.maxUncommittedBytes = 1 << (12 + generator.number(below: 8))
        raft.maxUnstableBytes = 1 << (11 + generator.number(below: 8))
    }

    /// Each bound is within reach in some of the runs.
    private mutating func drawBounds(_ generator: inout SeededGenerator) {
        if generator.happens(300_000) {
            settings.heldBytesMaximum = 1 << (8 + generator.number(below: 5))
        }
        if generator.happens(250_000) {
            settings.overlayMaximumBytes = 1 << (11 + generator.number(below: 5))
        }
        if generator.happens(300_000) {
            settings.persistOperations = 2 + generator.number(below: 40)
        }
        if generator.happens(150_000) {
            settings.receivedMessagesMaximum = 2 + generator.number(below: 30)
        }
        if generator.happens(200_000) {
            settings.applyGapMaximum = 2 + UInt64(generator.number(below: 40))
        }
        if generator.happens(150_000) { settings.requestMaximumBytes = 1_200 }
        if generator.happens(300_000) { settings.pinMaximumMilliseconds = 300 }
        settings.prioritizesRevocations = generator.happens(500_000)
        if generator.happens(150_000) {
            quotaBytes = Int64(96 + generator.number(below: 128)) << 10
        }
        if generator.happens(300_000) {
            leaseCheckpointMilliseconds = 500 + Int64(generator.number(below: 2_000))
        }
    }

    /// What lets shortcuts be taken in some of the runs, and not in others.
    private mutating func drawShortcuts(_ generator: inout SeededGenerator) {
        // The quota is far as long as a full write buffer fits beside the file.
        if quotaBytes != nil, generator.happens(600_000) {
            settings.overlayMaximumBytes = 1 << (11 + generator.number(below: 5))
        }
        // Mostly each group is an event of its own.
        settings.groupsPerTurn = [1, 1, 1, 3, .max][generator.number(below: 5)]
        drawLeadersBounds(&generator)
        if generator.happens(200_000) {
            settings.applyGapMaximum = 1 + UInt64(generator.number(below: 6))
            settings.prioritizesRevocations = true
        }
        drawRates(&generator)
    }

    private mutating func drawRates(_ generator: inout SeededGenerator) {
        if generator.happens(300_000) {
            settings.revocationsPerCheck = 16 + generator.number(below: 8)
        }
        if generator.happens(300_000) {
            settings.leasesPerCheckpoint = 1 + generator.number(below: 2)
            settings.checkpointsPerCheck = 1 + generator.number(below: 2)
        }
        if generator.happens(300_000) {
            settings.unsavedSnapshotsMaximum = 1 + generator.number(below: 2)
        }
        if generator.happens(300_000) {
            settings.quietBytesMaximum = 1 << (8 + generator.number(below: 8))
        }
        if generator.happens(200_000) {
            raft.maxInflightBytes = 1 << (7 + generator.number(below: 6))
        }
        if generator.happens(200_000) { raft.maxPendingReads = 1 + generator.number(below: 4) }
        // Own snapshots so often that others come in their midst.
        if generator.happens(200_000) {
            snapshotCount = 4 + generator.number(below: 12)
            catchUpEntries = 1 + generator.number(below: 6)
        }
        guestTurnsMaximum = [1, 2, 4, 4][generator.number(below: 4)]
    }

    /// A leader refuses over either of two bounds, mostly over one that is the only small one. Not so
    /// small that what a slow cluster has under way keeps the ends of leases out.
    private mutating func drawLeadersBounds(_ generator: inout SeededGenerator) {
        let standard = RaftLimits()
        switch generator.number(below: 10) {
        case 0...1:
            raft.maxUncommittedBytes = 1 << (10 + generator.number(below: 5))
            raft.maxUnstableBytes = standard.maxUnstableBytes
        case 2...3:
            raft.maxUncommittedBytes = standard.maxUncommittedBytes
            raft.maxUnstableBytes = 1 << (10 + generator.number(below: 5))
        default: break
        }
    }

    func settings(of host: Host) -> MemberSettings {
        var settings = settings
        settings.tickMilliseconds = host.tickMilliseconds
        settings.joinsAsLearner = !host.isFounder
        return settings
    }

    var state: StateSettings {
        var settings = StateSettings()
        settings.learnersMaximum = 2
        settings.quota = quota
        settings.leaseCheckpointMilliseconds = leaseCheckpointMilliseconds
        return settings
    }

    var quota: Quota { Quota(configuredBytes: quotaBytes ?? -1) }
}
