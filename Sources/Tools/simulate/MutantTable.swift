import Glibc
import Simulator

/// Runs each mutant until a seed detects it, and prints the seed and the violation.
///
/// A seed detects a mutant if the run fails with it and succeeds without it. The faults are those
/// that the seed draws; if none detects the mutant, those of the known bug that it reintroduces, if
/// there is one. Each run is a separate process: a mutant may also trap.
struct MutantTable {
    let mutants: [Mutant]
    let range: SeedRange
    let seconds: Int64
    let jobs: Int?

    private struct Finding {
        let seed: UInt64
        /// Empty for faults that the seed draws.
        let scenario: String
        let violation: String
    }

    /// - Returns: the number of undetected mutants.
    func run() -> Int {
        var missed: [String] = []
        print("| mutant | seed | finding |\n|---|---|---|")
        for mutant in mutants {
            let found = search(mutant)
            if found == nil { missed.append(mutant.rawValue) }
            let cells =
                found.map { "\($0.seed)\($0.scenario) | \($0.violation)" } ?? "- | NOT FOUND"
            print("| `\(mutant.rawValue)` | \(cells) |")
            fflush(nil)
        }
        print(
            "\(mutants.count - missed.count) of \(mutants.count) mutants found within seeds "
                + "\(range.text) of \(seconds) seconds")
        if !missed.isEmpty { print("not found: " + missed.joined(separator: ", ")) }
        return missed.count
    }

    private func search(_ mutant: Mutant) -> Finding? {
        let drawn = search(mutant, "--seconds \(seconds)", scenario: "")
        if let drawn { return drawn }
        guard let bug = KnownBug.all.first(where: { $0.mutant == mutant }) else { return nil }
        let name = bug.scenario.name
        return search(mutant, "--scenario '\(name)'", scenario: " of \"\(name)\"")
    }

    /// The first seed that fails because of the mutant.
    private func search(_ mutant: Mutant, _ options: String, scenario: String) -> Finding? {
        var first = range.first
        while first <= range.last {
            let rest = SeedRange(first: first, last: range.last)
            let suspects = suspects(mutant, rest, options)
            guard let last = suspects.last else { return nil }
            for seed in suspects {
                if let violation = confirm(mutant, seed, options) {
                    return Finding(seed: seed, scenario: scenario, violation: violation)
                }
            }
            first = last + 1
        }
        return nil
    }

    /// Seeds that fail with the mutant, or may have trapped, ascending.
    private func suspects(_ mutant: Mutant, _ range: SeedRange, _ options: String) -> [UInt64] {
        var arguments = "--mutant \(mutant.rawValue) --seeds \(range.text)"
        arguments += " \(options) --until-failure"
        if let jobs { arguments += " --jobs \(jobs)" }
        var seeds: Set<UInt64> = []
        for line in output(of: arguments).lines
        where line.hasPrefix("failed:") || line.hasPrefix("trapped") {
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "--seed"), index + 1 < words.count,
                let seed = UInt64(words[index + 1])
            else { continue }
            seeds.insert(seed)
        }
        return seeds.sorted()
    }

    /// The violation in a run with the mutant; nil if the seed fails without it as well.
    private func confirm(_ mutant: Mutant, _ seed: UInt64, _ options: String) -> String? {
        let run = "--seed \(seed) \(options)"
        let broken = output(of: run + " --mutant \(mutant.rawValue)")
        guard !broken.isSound, output(of: run).isSound else { return nil }
        let violation = broken.lines.first { line in
            line.hasPrefix("at ") || line.contains("Fatal error") || line.hasPrefix("trapped")
        }
        return String((violation ?? "ended by a signal").prefix(150))
    }

    /// The output of a run of this program, and whether it succeeded.
    private func output(of arguments: String) -> (lines: [String], isSound: Bool) {
        let command = "'\(CommandLine.arguments[0])' \(arguments) 2>&1"
        guard let pipe = popen(command, "r") else { return ([], false) }
        var bytes: [UInt8] = []
        while true {
            let byte = getc(pipe)
            if byte == EOF { break }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        let status = pclose(pipe)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        return (lines, status == 0)
    }
}
