/// A bug that etcd has had: the faults under which it showed, and the mutant that brings it back.
package struct KnownBug: Sendable {
    package let scenario: Scenario
    /// nil where no rule stands for the bug.
    package let mutant: Mutant?
    /// What must have happened in a run, for it to say something.
    package let reached: [Occurrence]
    /// With the mutant one of so many seeds fails.
    package let seedsUntilFound: UInt64
    /// Virtual seconds with faults: what is rare takes longer.
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

    /// A short run under the faults.
    package func settings(seed: UInt64) -> SimulationSettings {
        var settings = SimulationSettings(seed: seed)
        settings.scenario = scenario
        settings.seconds = seconds
        settings.calmSeconds = 12
        return settings
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
                "a single member answers before its log is durable", members: 1,
                every: [.powerFailure: 400]),
            mutant: .leaderCountsEarly, reached: [.powerFailures, .singleVoterCommits]),
        KnownBug(
            Scenario(
                "what changes no key is applied again after a restart",
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
            mutant: .snapshotWithoutNote, reached: [.snapshotsInstalled, .snapshotsTaken]),
        KnownBug(
            Scenario("events lost by a slow watcher", every: [.pause: 4_000]),
            mutant: .watchLosesEvents, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "progress told ahead of events", every: [.pause: 2_000, .laneHold: 1_000]),
            mutant: .watchProgressEarly, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "deposed leader ends a lease", every: [.leaderFreeze: 3_000], leaseHolders: 100),
            mutant: .endsLeasesDeposed, reached: [.leaderChanges], seedsUntilFound: 20, seconds: 24),
        KnownBug(
            Scenario(
                "deposed leader renews a lease",
                every: [.leaderFreeze: 3_000, .isolation: 2_500], leaseHolders: 100),
            mutant: .renewsUnconfirmed, reached: [.leaderChanges], seedsUntilFound: 20, seconds: 24),
        KnownBug(
            Scenario(
                "deposed leader tells how long a lease lives", every: [.leaderFreeze: 3_000],
                leaseHolders: 30),
            mutant: .tellsLivesUnconfirmed, reached: [.leaderChanges], seedsUntilFound: 100),
        KnownBug(
            Scenario("event repeated after a resync", every: [.crash: 1_000]),
            mutant: .watchRepeatsRevision, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "the last of two voters reads before it has applied", members: 2,
                every: [.removal: 1_000, .laneHold: 500], overlayMaximumBytes: 1_000),
            mutant: .readsAloneTooSoon, reached: [.removalsOfOneOfTwo, .localReads],
            seedsUntilFound: 100),
        KnownBug(
            Scenario("a leader whose log disk hangs", every: [.hungDisk: 1_200]),
            mutant: .leadsHung, reached: [.hungDisks, .hungLeadersReplaced],
            seedsUntilFound: 12),
        KnownBug(
            Scenario("a damaged page is met by a running member", every: [.pageDamage: 1_500]),
            mutant: .damageUnnoticed, reached: [.damagedPages], seedsUntilFound: 20),
        KnownBug(
            Scenario(
                "stalls of the disk start the clocks of leases again", every: [.stall: 1_000],
                leaseHolders: 12),
            mutant: .promotesAfterWrites, reached: [.stalls, .leaseReports]),
        KnownBug(
            Scenario(
                "watch goes back in time at a compaction",
                every: [.compactionCrash: 500, .laneHold: 1_500]),
            reached: [.watchesCompacted]),
    ]
}
