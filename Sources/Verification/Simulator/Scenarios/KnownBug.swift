/// A known bug of etcd: the faults that exposed it, and the mutant that restores it.
package struct KnownBug: Sendable {
    package let scenario: Scenario
    /// nil if no mutant reproduces the bug.
    package let mutant: Mutant?
    /// Counters that must not be 0 for a run to be meaningful.
    package let reached: [Occurrence]
    /// With the mutant, one of so many seeds fails.
    package let seedsUntilFound: UInt64
    /// Virtual seconds with faults; more for rare bugs.
    let seconds: Int64

    init(
        _ scenario: Scenario, mutant: Mutant? = nil, reached: [Occurrence],
        seedsUntilFound: UInt64 = 20, seconds: Int64 = 8
    ) {
        self.scenario = scenario
        self.mutant = mutant
        self.reached = reached
        self.seedsUntilFound = seedsUntilFound
        self.seconds = seconds
    }

    /// A short run with the faults.
    package func configuration(seed: UInt64) -> SimulationConfiguration {
        var configuration = SimulationConfiguration(seed: seed)
        configuration.scenario = scenario
        configuration.seconds = seconds
        configuration.recoverySeconds = 12
        return configuration
    }

    /// The bug whose scenario has this name.
    package static func named(_ name: String) -> KnownBug? {
        all.first { $0.scenario.name == name }
    }

    package static let all = [
        KnownBug(
            Scenario(
                "consistent index saved before apply", every: [.powerFailure: 1_500]),
            mutant: .indexBeforeData, reached: [.powerFailures]),
        KnownBug(
            Scenario(
                "a single member responds before its log is durable", members: 1,
                every: [.powerFailure: 400]),
            mutant: .leaderCountsEarly, reached: [.powerFailures, .singleVoterCommits]),
        KnownBug(
            Scenario(
                "entries without key changes applied again after a restart",
                every: [.powerFailure: 1_500], leaseHolders: 12),
            mutant: .indexOnlyWithKeys, reached: [.powerFailures, .leasesGranted],
            seedsUntilFound: 20),
        KnownBug(
            Scenario(
                "crash in a defragmentation", every: [.defragmentationCrash: 300]),
            mutant: .storesIndexDefragmenting, reached: [.crashesInDefragmentation],
            seedsUntilFound: 15),
        KnownBug(
            Scenario(
                "revision goes back after a crash in a compaction",
                every: [.compactionCrash: 700]),
            mutant: .compactsNewestDeletion, reached: [.crashesInCompaction]),
        KnownBug(
            Scenario(
                "delete lost at the revision of a compaction",
                every: [.compactionCrash: 400, .crash: 3_000]),
            mutant: .compactsNewestDeletion, reached: [.compactions], seedsUntilFound: 12),
        KnownBug(
            Scenario(
                "stale read after a pause",
                every: [.leaderFreeze: 5_000, .isolation: 1_400]),
            mutant: .readsWithoutQuorum, reached: [.leaderChanges]),
        KnownBug(
            Scenario(
                "two snapshots at once", every: [.isolation: 800, .pause: 2_000],
                snapshotCount: 12),
            mutant: .snapshotNotRecorded, reached: [.snapshotsInstalled, .snapshotsTaken]),
        KnownBug(
            Scenario("events lost by a slow watcher", every: [.pause: 4_000]),
            mutant: .watchLosesEvents, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "progress sent ahead of events", every: [.pause: 2_000, .stageHold: 1_000]),
            mutant: .watchProgressEarly, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "deposed leader revokes a lease", every: [.leaderFreeze: 3_000], leaseHolders: 100),
            mutant: .revokesLeasesDeposed, reached: [.leaderChanges], seedsUntilFound: 20,
            seconds: 24),
        KnownBug(
            Scenario(
                "deposed leader renews a lease",
                every: [.leaderFreeze: 3_000, .isolation: 2_500], leaseHolders: 100),
            mutant: .renewsUnconfirmed, reached: [.leaderChanges], seedsUntilFound: 20,
            seconds: 24),
        KnownBug(
            Scenario(
                "deposed leader reports a lease time to live", every: [.leaderFreeze: 3_000],
                leaseHolders: 30),
            mutant: .reportsLeasesUnconfirmed, reached: [.leaderChanges], seedsUntilFound: 100),
        KnownBug(
            Scenario("event repeated after a resync", every: [.crash: 1_000]),
            mutant: .watchRepeatsRevision, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "last of two voters reads before apply", members: 2,
                every: [.removal: 1_000, .stageHold: 500], writeBufferBytesMax: 1_000),
            mutant: .readsLocallyTooEarly, reached: [.removalsOfOneOfTwo, .localReads],
            seedsUntilFound: 100),
        KnownBug(
            Scenario("leader with a hung log disk", every: [.hungDisk: 1_200]),
            mutant: .leadsWithHungDisk, reached: [.hungDisks, .hungLeadersReplaced],
            seedsUntilFound: 12),
        KnownBug(
            Scenario("running member reads a damaged page", every: [.pageDamage: 1_500]),
            mutant: .damageUnnoticed, reached: [.damagedPages], seedsUntilFound: 20),
        KnownBug(
            Scenario(
                "disk stalls restart lease clocks", every: [.stall: 1_000],
                leaseHolders: 12),
            mutant: .restartsLeaseClocks, reached: [.stalls, .timeToLiveResponses]),
        KnownBug(
            Scenario(
                "watch goes back in time at a compaction",
                every: [.compactionCrash: 500, .stageHold: 1_500]),
            reached: [.watchesCompacted]),
    ]
}
