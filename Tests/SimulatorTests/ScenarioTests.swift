import Simulator
import Testing

/// Bugs that etcd has had, each as the faults that showed it: the run is sound as it is, and with
/// the mutant that brings the bug back, where there is one, it is found.
@Suite("Known bugs of etcd")
struct ScenarioTests {
    @Test(arguments: KnownBug.all.map(\.scenario.name))
    func aKnownBugIsAbsent(name: String) throws {
        let bug = try #require(KnownBug.named(name))
        var missed = bug.reached
        for seed in UInt64(1)...6 where !missed.isEmpty {
            let report = simulate(bug.settings(seed: seed))
            #expect(report.isSound, "swift run simulate \(report.settings.arguments)\n\(report)")
            missed.removeAll { report.counts[$0] ?? 0 > 0 }
        }
        #expect(missed.isEmpty, "\(missed.map(\.rawValue))")
    }

    /// Those that take more seeds are left to `simulate --mutants`.
    private static let found = KnownBug.all.filter { $0.mutant != nil && $0.seedsUntilFound <= 20 }

    @Test(arguments: found.map(\.scenario.name))
    func aKnownBugIsFound(name: String) throws {
        let bug = try #require(KnownBug.named(name))
        let found = (1...bug.seedsUntilFound).contains { seed in
            var settings = bug.settings(seed: seed)
            settings.mutant = bug.mutant
            return !simulate(settings).isSound
        }
        #expect(found, "\(bug.mutant?.rawValue ?? "") goes unnoticed")
    }
}
