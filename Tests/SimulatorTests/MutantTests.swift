import MonotonicClock
import Simulator
import Testing

/// A checker that no mutant triggers is not trusted: each of these mutants has to be noticed within
/// a few short runs. `simulate --mutants` runs all of them, for longer.
@Suite("Mutants are found")
struct MutantTests {
    /// The failure of the first seed that notices the mutant.
    private static func finder(
        _ mutant: Mutant, seeds: ClosedRange<UInt64>, hasUsers: Bool = false
    ) -> String? {
        for seed in seeds {
            var configuration = SimulationConfiguration(seed: seed)
            configuration.faultTime = .seconds(6)
            configuration.mutant = mutant
            configuration.hasUsers = hasUsers
            if let failure = simulate(configuration).failures.first { return failure }
        }
        return nil
    }

    @Test(arguments: [
        (Mutant.watchSkipsRevision, "reliable"), (.watchRepeatsRevision, "unique"),
        (.watchProgressEarly, "bookmarkable"), (.watchOmitsPrevious, "prev_kv"),
        (.watchSplitsRevision, "atomic"), (.watchIgnoresFilters, "filters"),
        (.watchIgnoresRange, "filters"), (.watchLosesEvents, "reliable"),
    ])
    func aBrokenWatchIsFound(mutant: Mutant, rule: String) {
        let finding = Self.finder(mutant, seeds: 1...6)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
    }

    @Test(arguments: [
        (Mutant.readsNewestForOld, "a read of"), (.rangeExceedsLimit, "a read of"),
        (.rangeHidesMore, "a read of"), (.deletesOnlyFirstKey, "not linearizable"),
        (.putOmitsPrevious, "not linearizable"), (.putsWithoutLease, "not linearizable"),
        (.comparesOneKey, "not linearizable"), (.hashesTooFew, "hash of revision"),
        (.unawaitedRangesUnchecked, "refuses entry"),
    ])
    func aWrongResponseIsFound(mutant: Mutant, rule: String) {
        let finding = Self.finder(mutant, seeds: 1...6)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
    }

    @Test(arguments: [
        (Mutant.leasesExpireEarly, "too early"), (.leasesNeverExpire, "too long"),
        (.revocationKeepsKey, "had keys"), (.reportsShortTimeToLive, "left by promise"),
        (.ignoresRenewals, "lease 10"), (.restartsLeaseClocks, "too long"),
    ])
    func aBrokenLeaseIsFound(mutant: Mutant, rule: String) {
        let finding = Self.finder(mutant, seeds: 1...6)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
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
        let finding = Self.finder(mutant, seeds: 1...8, hasUsers: true)
        #expect(finding?.contains(rule) == true, "\(mutant): \(finding ?? "nothing")")
    }
}
