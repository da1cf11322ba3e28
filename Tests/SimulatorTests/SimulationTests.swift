import Simulator
import Testing

@Suite("Simulation of one member")
struct SimulationTests {
    @Test(arguments: 1...30)
    func crashesLoseNothingAcknowledged(seed: UInt64) {
        let report = simulate(seed: seed, steps: 1_500)
        #expect(report.isSound, "simulate --seed \(seed) --count 1 --steps 1500: \(report)")
        #expect(report.answered > 50, "seed \(seed)")
        #expect(report.crashes > 0, "seed \(seed)")
    }

    @Test func theSameSeedGivesTheSameRun() {
        #expect("\(simulate(seed: 7, steps: 1_000))" == "\(simulate(seed: 7, steps: 1_000))")
    }
}
