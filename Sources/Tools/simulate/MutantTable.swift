import Glibc
import Simulator

/// Runs each mutant until a seed shows it, and prints which one did, and by what.
///
/// A seed shows a mutant if the run fails with it and is sound without it. The faults are those that
/// the seed draws; where none of them shows it, those of a known bug that it brings back, if there
/// is one. Each run is a process of its own: a broken rule may also trap.
struct MutantTable {
    let mutants: [Mutant]
    let range: SeedRange
    let seconds: Int64
    let jobs: Int?

    private struct Finding {
        let seed: UInt64
        /// Empty for faults that the seed draws.
        let scenario: String
        let story: String
    }

    /// - Returns: how many were not found.
    func run() -> Int {
        var missed: [String] = []
        print("| mutant | seed | finding |\n|---|---|---|")
        for mutant in mutants {
            let found = search(mutant)
            if found == nil { missed.append(mutant.rawValue) }
            let told = found.map { "\($0.seed)\($0.scenario) | \($0.story)" } ?? "- | NOT FOUND"
            print("| `\(mutant.rawValue)` | \(told) |")
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
    private func search(_ mutant: Mutant, _ way: String, scenario: String) -> Finding? {
        var first = range.first
        while first <= range.last {
            let rest = SeedRange(first: first, last: range.last)
            let suspects = suspects(mutant, rest, way)
            guard let last = suspects.last else { return nil }
            for seed in suspects {
                if let story = confirm(mutant, seed, way) {
                    return Finding(seed: seed, scenario: scenario, story: story)
                }
            }
            first = last + 1
        }
        return nil
    }

    /// Seeds that fail with the mutant, or may have trapped, ascending.
    private func suspects(_ mutant: Mutant, _ range: SeedRange, _ way: String) -> [UInt64] {
        var arguments = "--mutant \(mutant.rawValue) --seeds \(range.text)"
        arguments += " \(way) --until-failure"
        if let jobs { arguments += " --jobs \(jobs)" }
        var seeds: Set<UInt64> = []
        for line in output(of: arguments).lines
        where line.hasPrefix("failed:") || line.hasPrefix("trapped") {
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "--seed"), place + 1 < words.count,
                let seed = UInt64(words[place + 1])
            else { continue }
            seeds.insert(seed)
        }
        return seeds.sorted()
    }

    /// What is found in a seed with the mutant, unless the seed fails without it as well.
    private func confirm(_ mutant: Mutant, _ seed: UInt64, _ way: String) -> String? {
        let run = "--seed \(seed) \(way)"
        let broken = output(of: run + " --mutant \(mutant.rawValue)")
        guard !broken.isSound, output(of: run).isSound else { return nil }
        let story = broken.lines.first { line in
            line.hasPrefix("at ") || line.contains("Fatal error") || line.hasPrefix("trapped")
        }
        return String((story ?? "it ends by a signal").prefix(150))
    }

    /// What a run of this program prints, and whether all went well.
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
