import Disk
import MonotonicClock
import Stages
import StateMachine

/// Limits of one cluster, so small that segments end, snapshots are due, logs are compacted and
/// every limit is reached within a short run.
struct MemberLimits {
    var snapshotCount = 100
    var catchUpEntries = 30
    var segmentSizeBytes = 32 << 10
    var compactionBatchMax = 20
    /// nil for none.
    var quotaBytes: Int64?
    /// nil for no lease checkpoints.
    var leaseCheckpointInterval: TimeSpan?
    /// The most batches in a row that a caller runs inline while others post; four in the server.
    var inlineRunsMax = 4
    var raft = RaftLimits()
    var singleVoterEntriesMax = 64
    /// The part of the configuration that all members share.
    var configuration = MemberConfiguration()

    struct RaftLimits {
        var messageBytesMax = 1 << 20
        var catchUpBytesMax = 128 << 10
        var inflightMessagesMax = 512
        var applyingBytesMax = 64 << 20
        var uncommittedBytesMax = 256 << 20
        var unstableBytesMax = 256 << 20
        var inflightBytesMax = 2 << 20
        var pendingReadsMax = 1 << 16

        /// The probe of a leader's refusals because of too many bytes; nil unless exactly one limit
        /// is small.
        var refusal: Occurrence? {
            let standard = RaftLimits()
            switch (
                uncommittedBytesMax < standard.uncommittedBytesMax,
                unstableBytesMax < standard.unstableBytesMax
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
        compactionBatchMax = 5 + generator.number(below: 40)
        configuration.segmentsMax = 2
        configuration.snapshotsMax = 2
        // From a purge with each snapshot to one with every tenth.
        configuration.purgeInterval = .milliseconds(50 << Int64(snapshotCount % 8))
        // From nearly all free pages to none.
        configuration.freeBytesKept = (snapshotCount % 4) << 15
        configuration.pagesPerRelease = 1 + snapshotCount % 7
        configuration.pagesPerMove = 1 + snapshotCount % 5
        configuration.entriesPerGroup = 1 + generator.number(below: 8)
        // A tenth of the runs synchronizes the log as rarely as the server does.
        if generator.happens(900_000) {
            configuration.unsynchronizedBytesMax = 1 << (10 + generator.number(below: 8))
        }
        drawBounds(&generator)
        if generator.happens(400_000) { drawRaftBounds(&generator) }
        drawShortcuts(&generator)
    }

    private mutating func drawRaftBounds(_ generator: inout SeededGenerator) {
        raft.messageBytesMax = 1 << (8 + generator.number(below: 8))
        raft.catchUpBytesMax = raft.messageBytesMax / 2
        raft.inflightMessagesMax = 1 + generator.number(below: 16)
        singleVoterEntriesMax = 1 + raft.inflightMessagesMax / 4
        raft.applyingBytesMax = 1 << (10 + generator.number(below: 8))
        raft.uncommittedBytesMax = 1 << (12 + generator.number(below: 8))
        raft.unstableBytesMax = 1 << (11 + generator.number(below: 8))
    }

    /// Each limit is within reach in some of the runs.
    private mutating func drawBounds(_ generator: inout SeededGenerator) {
        if generator.happens(300_000) {
            configuration.heldBytesMax = 1 << (8 + generator.number(below: 5))
        }
        if generator.happens(250_000) {
            configuration.writeBufferBytesMax = 1 << (11 + generator.number(below: 5))
        }
        if generator.happens(300_000) {
            configuration.persistOperations = 2 + generator.number(below: 40)
        }
        if generator.happens(150_000) {
            configuration.receivedMessagesMax = 2 + generator.number(below: 30)
        }
        if generator.happens(200_000) {
            configuration.applyGapMax = 2 + generator.number(below: 40)
        }
        if generator.happens(150_000) { configuration.requestBytesMax = 1_200 }
        if generator.happens(300_000) { configuration.pinTimeMax = .milliseconds(300) }
        configuration.prioritizesRevocations = generator.happens(500_000)
        if generator.happens(150_000) {
            quotaBytes = Int64(96 + generator.number(below: 128)) << 10
        }
        if generator.happens(300_000) {
            leaseCheckpointInterval = .milliseconds(
                500 + Int64(generator.number(below: 2_000)))
        }
    }

    /// Lets shortcuts be taken in some of the runs, and not in others.
    private mutating func drawShortcuts(_ generator: inout SeededGenerator) {
        // The quota is far as long as a full write buffer fits beside the file.
        if quotaBytes != nil, generator.happens(600_000) {
            configuration.writeBufferBytesMax = 1 << (11 + generator.number(below: 5))
        }
        // In most runs each group is an event of its own.
        configuration.groupsPerRun = [1, 1, 1, 3, .max][generator.number(below: 5)]
        drawProposalLimits(&generator)
        if generator.happens(200_000) {
            configuration.applyGapMax = 1 + generator.number(below: 6)
            configuration.prioritizesRevocations = true
        }
        drawRates(&generator)
    }

    private mutating func drawRates(_ generator: inout SeededGenerator) {
        if generator.happens(300_000) {
            configuration.revocationsInFlightMax = 16 + generator.number(below: 8)
        }
        if snapshotCount % 2 == 0 { configuration.revocationsPerStep = 1 + snapshotCount % 8 }
        if generator.happens(300_000) {
            configuration.leasesPerCheckpoint = 1 + generator.number(below: 2)
            configuration.checkpointsPerCheck = 1 + generator.number(below: 2)
        }
        if generator.happens(300_000) {
            configuration.unsavedSnapshotsMax = 1 + generator.number(below: 2)
        }
        if generator.happens(300_000) {
            configuration.unreportedBytesMax = 1 << (8 + generator.number(below: 8))
        }
        if generator.happens(200_000) {
            raft.inflightBytesMax = 1 << (7 + generator.number(below: 6))
        }
        if generator.happens(200_000) { raft.pendingReadsMax = 1 + generator.number(below: 4) }
        // Snapshots so often that others arrive while one is taken.
        if generator.happens(200_000) {
            snapshotCount = 4 + generator.number(below: 12)
            catchUpEntries = 1 + generator.number(below: 6)
        }
        inlineRunsMax = [1, 2, 4, 4][generator.number(below: 4)]
    }

    /// In some runs makes exactly one of the two proposal limits small, and not so small that lease
    /// revocations are refused.
    private mutating func drawProposalLimits(_ generator: inout SeededGenerator) {
        let standard = RaftLimits()
        switch generator.number(below: 10) {
        case 0...1:
            raft.uncommittedBytesMax = 1 << (10 + generator.number(below: 5))
            raft.unstableBytesMax = standard.unstableBytesMax
        case 2...3:
            raft.uncommittedBytesMax = standard.uncommittedBytesMax
            raft.unstableBytesMax = 1 << (10 + generator.number(below: 5))
        default: break
        }
    }

    func configuration(of host: Host) -> MemberConfiguration {
        var configuration = configuration
        configuration.tickInterval = host.tickInterval
        configuration.joinsAsLearner = !host.isInitialMember
        return configuration
    }

    var state: StateMachineConfiguration {
        var configuration = StateMachineConfiguration()
        configuration.learnersMax = 2
        configuration.quota = quota
        configuration.leaseCheckpointInterval = leaseCheckpointInterval
        return configuration
    }

    var quota: Quota {
        Quota(
            configuredBytes: quotaBytes ?? -1, rule: snapshotCount % 3 == 0 ? .etcd : .inUse)
    }
}
