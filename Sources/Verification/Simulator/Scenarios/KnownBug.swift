import MonotonicClock

/// A known bug of etcd: the faults that exposed it, and the mutant that restores it.
package struct KnownBug: Sendable {
    package let scenario: Scenario
    /// nil if no mutant reproduces the bug.
    package let mutant: Mutant?
    /// Counters that must not be 0 for a run to be meaningful.
    package let reached: [Occurrence]
    /// With the mutant, one of so many seeds fails.
    package let seedsUntilFound: UInt64
    /// Virtual time with faults; more for rare bugs.
    let faultTime: TimeSpan

    init(
        _ scenario: Scenario, mutant: Mutant? = nil, reached: [Occurrence],
        seedsUntilFound: UInt64 = 20, faultTime: TimeSpan = .seconds(8)
    ) {
        self.scenario = scenario
        self.mutant = mutant
        self.reached = reached
        self.seedsUntilFound = seedsUntilFound
        self.faultTime = faultTime
    }

    /// A short run with the faults.
    package func configuration(seed: UInt64) -> SimulationConfiguration {
        var configuration = SimulationConfiguration(seed: seed)
        configuration.scenario = scenario
        configuration.faultTime = faultTime
        configuration.recoveryTime = .seconds(12)
        return configuration
    }

    /// The bug whose scenario has this name.
    package static func named(_ name: String) -> KnownBug? {
        all.first { $0.scenario.name == name }
    }

    package static let all = [
        KnownBug(
            Scenario(
                "consistent index saved before apply", every: [.powerFailure: .milliseconds(1_500)]),
            mutant: .indexBeforeData, reached: [.powerFailures]),
        KnownBug(
            Scenario(
                "a single member responds before its log is durable", members: 1,
                every: [.powerFailure: .milliseconds(400)]),
            mutant: .leaderCountsEarly, reached: [.powerFailures, .singleVoterCommits]),
        KnownBug(
            Scenario(
                "entries without key changes applied again after a restart",
                every: [.powerFailure: .milliseconds(1_500)], leaseHolders: 12),
            mutant: .indexOnlyWithKeys, reached: [.powerFailures, .leasesGranted],
            seedsUntilFound: 10, faultTime: .seconds(24)),
        // etcd-io/etcd issue 11651: the index of entries about users was not stored with their
        // changes. After a restart they were applied again, so that the auth revision of that member
        // was another one: it refused writes that the others accepted.
        KnownBug(
            Scenario(
                "members diverge after authentication is enabled",
                every: [.powerFailure: .milliseconds(1_000)], snapshotCount: 100_000,
                hasUsers: true),
            mutant: .indexOnlyWithKeys, reached: [.powerFailures, .authEnabled, .usersChanged]),
        KnownBug(
            Scenario(
                "crash in a defragmentation", every: [.defragmentationCrash: .milliseconds(300)]),
            mutant: .storesIndexDefragmenting, reached: [.crashesInDefragmentation],
            seedsUntilFound: 15),
        KnownBug(
            Scenario(
                "revision goes back after a crash in a compaction",
                every: [.compactionCrash: .milliseconds(700)]),
            mutant: .compactsNewestDeletion, reached: [.crashesInCompaction]),
        KnownBug(
            Scenario(
                "delete lost at the revision of a compaction",
                every: [.compactionCrash: .milliseconds(400), .crash: .milliseconds(3_000)]),
            mutant: .compactsNewestDeletion, reached: [.compactions], seedsUntilFound: 12),
        KnownBug(
            Scenario(
                "stale read after a pause",
                every: [.leaderFreeze: .milliseconds(5_000), .isolation: .milliseconds(1_400)]),
            mutant: .readsWithoutQuorum, reached: [.leaderChanges]),
        KnownBug(
            Scenario(
                "two snapshots at once",
                every: [.isolation: .milliseconds(800), .pause: .milliseconds(2_000)],
                snapshotCount: 12),
            mutant: .snapshotNotRecorded, reached: [.snapshotsInstalled, .snapshotsTaken]),
        KnownBug(
            Scenario("events lost by a slow watcher", every: [.pause: .milliseconds(4_000)]),
            mutant: .watchLosesEvents, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "progress sent ahead of events",
                every: [.pause: .milliseconds(2_000), .stageHold: .milliseconds(1_000)]),
            mutant: .watchProgressEarly, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "deposed leader revokes a lease", every: [.leaderFreeze: .milliseconds(3_000)],
                leaseHolders: 100),
            mutant: .revokesLeasesDeposed, reached: [.leaderChanges], seedsUntilFound: 20,
            faultTime: .seconds(24)),
        KnownBug(
            Scenario(
                "deposed leader renews a lease",
                every: [.leaderFreeze: .milliseconds(3_000), .isolation: .milliseconds(2_500)],
                leaseHolders: 100),
            mutant: .renewsUnconfirmed, reached: [.leaderChanges], seedsUntilFound: 100,
            faultTime: .seconds(24)),
        KnownBug(
            Scenario(
                "deposed leader reports a lease time to live",
                every: [.leaderFreeze: .milliseconds(3_000)],
                leaseHolders: 30),
            mutant: .reportsLeasesUnconfirmed, reached: [.leaderChanges], seedsUntilFound: 100),
        KnownBug(
            Scenario("event repeated after a resync", every: [.crash: .milliseconds(1_000)]),
            mutant: .watchRepeatsRevision, reached: [.watchEvents]),
        KnownBug(
            Scenario(
                "last of two voters reads before apply", members: 2,
                every: [.removal: .milliseconds(1_000), .stageHold: .milliseconds(500)],
                writeBufferBytesMax: 1_000),
            mutant: .readsLocallyTooEarly, reached: [.removalsOfOneOfTwo, .localReads],
            seedsUntilFound: 100),
        KnownBug(
            Scenario("leader with a hung log disk", every: [.hungDisk: .milliseconds(1_200)]),
            mutant: .leadsWithHungDisk, reached: [.hungDisks, .hungLeadersReplaced],
            seedsUntilFound: 12),
        KnownBug(
            Scenario(
                "running member reads a damaged page", every: [.pageDamage: .milliseconds(800)]),
            mutant: .damageUnnoticed, reached: [.damagedPages], seedsUntilFound: 30),
        KnownBug(
            Scenario(
                "disk stalls restart lease clocks", every: [.stall: .milliseconds(1_000)],
                leaseHolders: 12),
            mutant: .restartsLeaseClocks, reached: [.stalls, .timeToLiveResponses]),
        KnownBug(
            Scenario(
                "watch goes back in time at a compaction",
                every: [.compactionCrash: .milliseconds(500), .stageHold: .milliseconds(1_500)]),
            reached: [.watchesCompacted]),
    ]
}
