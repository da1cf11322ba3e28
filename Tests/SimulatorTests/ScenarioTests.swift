import Simulator
import Testing

/// Bugs that etcd has had, each as the faults that showed it: the run is sound as it is, and with
/// the mutant that brings the bug back, where there is one, it is found.
@Suite("Known bugs of etcd")
struct ScenarioTests {
    @Test(arguments: KnownBug.all)
    func aKnownBugIsAbsent(bug: KnownBug) {
        for seed in bug.soundSeeds {
            let report = simulate(bug.settings(seed: seed))
            #expect(report.isSound, "\(bug.scenario.name), seed \(seed)\n\(report)")
            for occurrence in bug.reached {
                #expect(report.counts[occurrence] ?? 0 > 0, "\(occurrence), seed \(seed)")
            }
        }
    }

    @Test(arguments: KnownBug.all.filter { $0.mutant != nil })
    func aKnownBugIsFound(bug: KnownBug) {
        let found = (1...bug.seedsUntilFound).contains { seed in
            var settings = bug.settings(seed: seed)
            settings.mutant = bug.mutant
            return !simulate(settings).isSound
        }
        #expect(found, "\(bug.mutant?.rawValue ?? "") goes unnoticed under \(bug.scenario.name)")
    }
}

/// A bug, the faults under which it showed, and the mutant that brings it back.
struct KnownBug: Sendable, CustomTestStringConvertible {
    let scenario: Scenario
    var mutant: Mutant?
    /// What must have happened in a run, for it to say something.
    var reached: [Occurrence] = []
    var soundSeeds: ClosedRange<UInt64> = 1...1
    var seedsUntilFound: UInt64 = 6

    var testDescription: String { scenario.name }

    func settings(seed: UInt64) -> SimulationSettings {
        var settings = SimulationSettings(seed: seed)
        settings.scenario = scenario
        settings.seconds = 8
        settings.calmSeconds = 12
        return settings
    }

    static let all = [
        KnownBug(
            scenario: Scenario(
                "consistent index saved before apply", every: [.powerFailure: 1_500]),
            mutant: .indexBeforeData, reached: [.powerFailures]),
        KnownBug(
            scenario: Scenario(
                "a lone member answers before its log is durable", members: 1,
                every: [.powerFailure: 1_000]),
            mutant: .leaderCountsEarly, reached: [.powerFailures, .soleWrites]),
        KnownBug(
            scenario: Scenario(
                "crash in a defragmentation", every: [.defragmentationCrash: 700]),
            mutant: .storesIndexDefragmenting, reached: [.crashesInDefragmentation]),
        KnownBug(
            scenario: Scenario(
                "revision goes back after a crash in a compaction",
                every: [.compactionCrash: 700]),
            mutant: .compactsNewestDeletion, reached: [.crashesInCompaction]),
        KnownBug(
            scenario: Scenario(
                "delete lost at the revision of a compaction",
                every: [.compactionCrash: 400, .crash: 3_000]),
            mutant: .compactsNewestDeletion, reached: [.compactions]),
        KnownBug(
            scenario: Scenario("stale read after a pause", every: [.leaderFreeze: 2_500]),
            mutant: .readsWithoutQuorum, reached: [.pauses, .leaderChanges]),
        KnownBug(
            scenario: Scenario(
                "two snapshots at once", every: [.isolation: 800, .pause: 2_000],
                snapshotCount: 12),
            mutant: .snapshotWithoutNote, reached: [.snapshotsInstalled, .snapshotsTaken]),
        KnownBug(
            scenario: Scenario("events lost by a slow watcher", every: [.pause: 4_000]),
            mutant: .watchLosesEvents, reached: [.watchEvents]),
    ]
}
