import ArgumentParser
import Glibc
import Simulator

/// Runs the simulator: one seed, or many.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs simulated clusters under faults and checks their behaviour")

    @Option(help: "the seed of the run") var seed: UInt64 = 1
    @Option(help: "many seeds, as FIRST..LAST") var seeds: SeedRange?
    @Option(help: "minutes to run fresh seeds") var minutes: Int?
    @Option(help: "concurrent runs; one for each core if not given") var jobs: Int?
    @Option(help: "virtual seconds with faults and clients") var seconds: Int64 = 60
    @Option(help: "events after which a run ends early") var steps: Int?
    @Option(help: "initial members, 1 to 7; the seed chooses if not given") var members: Int?
    @Flag(inversion: .prefixedNo, help: "users with permissions; the seed chooses if not given")
    var users: Bool?
    @Option(help: "the safety rule to disable") var mutant: Mutant?
    @Option(help: "faults that revealed a bug of etcd, instead of drawn ones")
    var scenario: String?
    @Flag(help: "stop at the first seed that fails") var untilFailure = false
    @Flag(help: "disable each rule in turn, or the given one, and show that it is detected")
    var mutants = false
    @Flag(help: "print what happens") var trace = false

    func validate() throws {
        guard scenario.map({ KnownBug.named($0) != nil }) ?? true else {
            let names = KnownBug.all.map(\.scenario.name).joined(separator: ", ")
            throw ValidationError("the scenarios are: \(names)")
        }
        guard members.map({ (1...7).contains($0) }) ?? true else {
            throw ValidationError("a simulated cluster has 1 to 7 members")
        }
    }

    func run() throws {
        if mutants { return try runMutants() }
        let fresh = minutes.map { _ in SeedRange.fresh() }
        let failures = (seeds ?? fresh).map { runMany($0) } ?? runOne()
        guard failures == 0 else { throw ExitCode(1) }
    }

    private func runMutants() throws {
        let range = seeds ?? SeedRange(first: 1, last: 300)
        let table = MutantTable(
            mutants: mutant.map { [$0] } ?? Mutant.allCases, range: range,
            seconds: min(seconds, 30), jobs: jobs)
        guard table.run() == 0 else { throw ExitCode(1) }
    }

    private func simulation(_ seed: UInt64) -> SimulationConfiguration {
        if let bug = scenario.flatMap({ KnownBug.named($0) }) {
            var configuration = bug.configuration(seed: seed)
            configuration.mutant = mutant
            configuration.printsTrace = trace
            return configuration
        }
        var configuration = SimulationConfiguration(seed: seed)
        configuration.faultTime = .seconds(seconds)
        configuration.stepsMax = steps
        configuration.members = members
        configuration.hasUsers = users
        configuration.mutant = mutant
        configuration.printsTrace = trace
        return configuration
    }

    private func runOne() -> Int {
        RunningSeeds.shared.watchForTraps()
        let report = RunningSeeds.shared.run(simulation(seed), in: 0)
        print(report)
        return report.isSound ? 0 : 1
    }

    private func runMany(_ range: SeedRange) -> Int {
        RunningSeeds.shared.watchForTraps()
        let campaign = Campaign(
            range, jobs: jobs ?? Campaign.cores, untilFailure: untilFailure,
            minutes: minutes,
            configure: { [self] in simulation($0) })
        campaign.run()
        campaign.printSummary()
        return campaign.failureCount
    }
}

extension Mutant: ExpressibleByArgument {}

/// FIRST..LAST
struct SeedRange: ExpressibleByArgument, Sendable {
    let first: UInt64
    let last: UInt64

    init(first: UInt64, last: UInt64) { (self.first, self.last) = (first, last) }

    /// Seeds that were not run before: derived from the time.
    static func fresh() -> SeedRange {
        let first = UInt64(time(nil)) * 10_000
        return SeedRange(first: first, last: first + 9_999_999)
    }

    var text: String { "\(first)..\(last)" }

    init?(argument: String) {
        let parts = argument.split(separator: ".", omittingEmptySubsequences: true)
        guard parts.count == 2, let first = UInt64(parts[0]), let last = UInt64(parts[1]),
            first <= last
        else { return nil }
        (self.first, self.last) = (first, last)
    }
}

Simulate.main()
