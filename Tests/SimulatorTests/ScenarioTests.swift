import Simulator
import Testing

/// Known bugs of etcd, each with the faults that exposed it: the run is sound, and fails with the
/// mutant that restores the bug, if there is one.
@Suite("Known bugs of etcd")
struct ScenarioTests {
    @Test(arguments: KnownBug.all.map(\.scenario.name))
    func aKnownBugIsAbsent(name: String) throws {
        let bug = try #require(KnownBug.named(name))
        var missed = bug.reached
        for seed in UInt64(1)...6 where !missed.isEmpty {
            let report = simulate(bug.configuration(seed: seed))
            let arguments = report.configuration.arguments
            #expect(report.isSound, "swift run simulate \(arguments)\n\(report)")
            missed.removeAll { report.counts[$0] ?? 0 > 0 }
        }
        #expect(missed.isEmpty, "\(missed.map(\.rawValue))")
    }

    /// Bugs that take more seeds are left to `simulate --mutants`.
    private static let found = KnownBug.all.filter { $0.mutant != nil && $0.seedsUntilFound <= 30 }

    @Test(arguments: found.map(\.scenario.name))
    func aKnownBugIsFound(name: String) throws {
        let bug = try #require(KnownBug.named(name))
        let found = (1...bug.seedsUntilFound).contains { seed in
            var configuration = bug.configuration(seed: seed)
            configuration.mutant = bug.mutant
            return !simulate(configuration).isSound
        }
        #expect(found, "\(bug.mutant?.rawValue ?? "") is not detected")
    }
}
