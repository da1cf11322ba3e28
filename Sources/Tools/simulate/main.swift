import ArgumentParser
import Glibc
import Simulator

/// Runs seeds of the simulator; a failing one can be repeated by its number.
struct Simulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Runs a member under simulated crashes and judges it")

    @Option(help: "the first seed") var seed: UInt64 = 1
    @Option(help: "how many seeds to run") var count: UInt64 = 100
    @Option(help: "steps of each run") var steps = 5_000
    @Flag(help: "print the report of every seed") var verbose = false

    func run() throws {
        var failures = 0
        for seed in seed..<(seed + count) {
            let report = simulate(seed: seed, steps: steps)
            if verbose || !report.isSound { print(report) }
            if report.isSound { continue }
            failures += 1
            print("repeat with: simulate --seed \(seed) --count 1 --steps \(steps)")
        }
        print("\(count) seeds, \(failures) failed")
        if failures > 0 { throw ExitCode(1) }
    }
}

Simulate.main()
