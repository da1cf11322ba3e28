import MonotonicClock
import Simulator
import Testing

/// A checker that no mutant triggers is not trusted: each of these mutants has to be noticed within
/// a few short runs. `simulate --mutants` runs all of them, for longer.
@Suite("Mutants are found")
struct MutantTests {
    /// Requires that a seed notices the mutant by this rule; others may notice it by another one
    /// first.
    private static func requireFinding(
        of mutant: Mutant, by rule: String, seeds: ClosedRange<UInt64>, hasUsers: Bool = false
    ) {
        var findings: [String] = []
        for seed in seeds {
            var configuration = SimulationConfiguration(seed: seed)
            configuration.faultTime = .seconds(6)
            configuration.mutant = mutant
            configuration.hasUsers = hasUsers
            guard let failure = simulate(configuration).failures.first else { continue }
            if failure.contains(rule) { return }
            findings.append(failure)
        }
        Issue.record("\(mutant): \(findings)")
    }

    @Test(arguments: [
        (Mutant.watchSkipsRevision, "reliable"), (.watchRepeatsRevision, "unique"),
        (.watchProgressEarly, "bookmarkable"), (.watchOmitsPrevious, "prev_kv"),
        (.watchSplitsRevision, "atomic"), (.watchIgnoresFilters, "filters"),
        (.watchIgnoresRange, "filters"), (.watchLosesEvents, "reliable"),
    ])
    func aBrokenWatchIsFound(mutant: Mutant, rule: String) {
        Self.requireFinding(of: mutant, by: rule, seeds: 1...8)
    }

    @Test(arguments: [
        (Mutant.readsNewestForOld, "a read of"), (.rangeExceedsLimit, "a read of"),
        (.rangeHidesMore, "a read of"), (.deletesOnlyFirstKey, "not linearizable"),
        (.putOmitsPrevious, "not linearizable"), (.putsWithoutLease, "not linearizable"),
        (.comparesOneKey, "not linearizable"), (.hashesTooFew, "hash of revision"),
        (.unawaitedRangesUnchecked, "refuses entry"),
    ])
    func aWrongResponseIsFound(mutant: Mutant, rule: String) {
        Self.requireFinding(of: mutant, by: rule, seeds: 1...8)
    }

    @Test(arguments: [
        (Mutant.leasesExpireEarly, "too early"), (.leasesNeverExpire, "too long"),
        (.revocationKeepsKey, "had keys"), (.reportsShortTimeToLive, "left by promise"),
        (.ignoresRenewals, "lease 10"), (.restartsLeaseClocks, "too long"),
    ])
    func aBrokenLeaseIsFound(mutant: Mutant, rule: String) {
        Self.requireFinding(of: mutant, by: rule, seeds: 1...8)
    }

    @Test(arguments: [
        (Mutant.proposesAsServer, "names"), (.appliesOldRevisions, "is permitted"),
        (.putPreviousUnchecked, "is permitted"), (.nestedUnchecked, "is permitted"),
        (.comparesUnchecked, "is permitted"), (.leaseKeysUnchecked, "is permitted"),
        (.rangeEndUnchecked, "is permitted"), (.usersChangedByAnybody, "succeeds"),
        (.readsUnchecked, "is permitted"), (.watchChecksFirstKey, "is permitted"),
        (.renewsUnchecked, "is permitted"),
    ])
    func aMissingPermissionIsFound(mutant: Mutant, rule: String) {
        Self.requireFinding(of: mutant, by: rule, seeds: 1...20, hasUsers: true)
    }
}
