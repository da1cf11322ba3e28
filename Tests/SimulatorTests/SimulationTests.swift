import MonotonicClock
import Simulator
import Testing

@Suite("Simulation of a cluster")
struct SimulationTests {
    /// Short runs of many kinds; `make simulate` has the long ones.
    @Test(arguments: 1...12)
    func aSeedIsSound(seed: UInt64) {
        var configuration = SimulationConfiguration(seed: seed)
        configuration.faultTime = .seconds(8)
        configuration.recoveryTime = .seconds(14)
        let report = simulate(configuration)
        #expect(report.isSound, "swift run simulate \(configuration.arguments)\n\(report)")
        #expect(report.counts[.completed] ?? 0 > 5, "seed \(seed)")
    }

    /// Users whose permissions change all the time.
    @Test(arguments: 1...6)
    func aSeedWithUsersIsSound(seed: UInt64) {
        var configuration = SimulationConfiguration(seed: seed)
        configuration.faultTime = .seconds(8)
        configuration.recoveryTime = .seconds(14)
        configuration.hasUsers = true
        let report = simulate(configuration)
        #expect(report.isSound, "swift run simulate \(configuration.arguments)\n\(report)")
        #expect(report.counts[.usersChanged] ?? 0 > 5, "seed \(seed)")
    }

    @Test(arguments: [1, 2])
    func aSmallClusterIsSound(members: Int) {
        var configuration = SimulationConfiguration(seed: 3)
        configuration.faultTime = .seconds(8)
        configuration.recoveryTime = .seconds(14)
        configuration.members = members
        let report = simulate(configuration)
        #expect(report.isSound, "swift run simulate \(configuration.arguments)\n\(report)")
    }

    @Test func theSameSeedGivesTheSameRun() {
        var configuration = SimulationConfiguration(seed: 7)
        configuration.faultTime = .seconds(5)
        #expect("\(simulate(configuration))" == "\(simulate(configuration))")
    }
}
