import Simulator
import Testing

@Suite("Simulation of a cluster")
struct SimulationTests {
    /// Short runs of many kinds; `make simulate` has the long ones.
    @Test(arguments: 1...12)
    func aSeedIsSound(seed: UInt64) {
        var settings = SimulationSettings(seed: seed)
        settings.seconds = 8
        settings.calmSeconds = 14
        let report = simulate(settings)
        #expect(report.isSound, "swift run simulate \(settings.arguments)\n\(report)")
        #expect(report.counts[.answered] ?? 0 > 5, "seed \(seed)")
    }

    @Test(arguments: [1, 2])
    func aSmallClusterIsSound(members: Int) {
        var settings = SimulationSettings(seed: 3)
        settings.seconds = 8
        settings.calmSeconds = 14
        settings.members = members
        let report = simulate(settings)
        #expect(report.isSound, "swift run simulate \(settings.arguments)\n\(report)")
    }

    @Test func theSameSeedGivesTheSameRun() {
        var settings = SimulationSettings(seed: 7)
        settings.seconds = 5
        #expect("\(simulate(settings))" == "\(simulate(settings))")
    }
}
