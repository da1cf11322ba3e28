import Simulator
import Testing

/// A judge that no mutant trips is not trusted: each of these rules, switched off, has to be noticed
/// within a few short runs. `simulate --mutants` has them all, in longer ones.
@Suite("Mutants are found")
struct MutantTests {
    /// The first seed of some that notices.
    private static func finder(_ mutant: Mutant, seeds: ClosedRange<UInt64>) -> String? {
        for seed in seeds {
            var settings = SimulationSettings(seed: seed)
            settings.seconds = 6
            settings.mutant = mutant
            if let failure = simulate(settings).failures.first { return failure }
        }
        return nil
    }

    @Test(arguments: [
        (Mutant.watchSkipsRevision, "reliable"), (.watchRepeatsRevision, "unique"),
        (.watchProgressEarly, "bookmarkable"), (.watchForgetsPrevious, "prev_kv"),
        (.watchSplitsRevision, "atomic"), (.watchIgnoresFilters, "filters"),
        (.watchIgnoresRange, "filters"), (.watchLosesEvents, "reliable"),
    ])
    func aBrokenWatchIsFound(mutant: Mutant, rule: String) {
        let finding = Self.finder(mutant, seeds: 1...6)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
    }

    @Test(arguments: [
        (Mutant.readsNewestForOld, "a read of"), (.rangeExceedsLimit, "a read of"),
        (.rangeHidesMore, "a read of"), (.deletesOnlyTheFirst, "not linearizable"),
        (.forgetsPrevious, "not linearizable"), (.putsWithoutLease, "not linearizable"),
        (.comparesOneKey, "not linearizable"), (.hashesTooFew, "hash of revision"),
    ])
    func aWrongAnswerIsFound(mutant: Mutant, rule: String) {
        let finding = Self.finder(mutant, seeds: 1...6)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
    }

    @Test(arguments: [
        (Mutant.leasesEndEarly, "too early"), (.leasesNeverEnd, "too long"),
        (.leaseKeepsAKey, "had keys"), (.tellsShortLives, "left by promise"),
        (.ignoresRenewals, "lease 10"), (.promotesAfterWrites, "too long"),
    ])
    func aBrokenLeaseIsFound(mutant: Mutant, rule: String) {
        let finding = Self.finder(mutant, seeds: 1...6)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
    }
}
