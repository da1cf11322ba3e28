import Glibc
import Simulator

/// Runs each mutant until a seed shows it, and prints which one did, and by what.
///
/// A seed shows a mutant if the run fails with it and is sound without it. Each run is a process of
/// its own: a broken rule may also trap.
struct MutantTable {
    let mutants: [Mutant]
    let range: SeedRange
    let seconds: Int64
    let jobs: Int?

    private struct Finding {
        let seed: UInt64
        let story: String
    }

    /// - Returns: how many were not found.
    func run() -> Int {
        var missed: [String] = []
        print("| mutant | seed | finding |\n|---|---|---|")
        for mutant in mutants {
            let found = search(mutant)
            if found == nil { missed.append(mutant.rawValue) }
            let told = found.map { "\($0.seed) | \($0.story)" } ?? "- | NOT FOUND"
            print("| `\(mutant.rawValue)` | \(told) |")
            fflush(nil)
        }
        print(
            "\(mutants.count - missed.count) of \(mutants.count) mutants found within seeds "
                + "\(range.text) of \(seconds) seconds")
        if !missed.isEmpty { print("not found: " + missed.joined(separator: ", ")) }
        return missed.count
    }

    /// The first seed that fails because of the mutant.
    private func search(_ mutant: Mutant) -> Finding? {
        var first = range.first
        while first <= range.last {
            let suspects = suspects(mutant, SeedRange(first: first, last: range.last))
            guard let last = suspects.last else { return nil }
            for seed in suspects {
                if let finding = confirm(mutant, seed) { return finding }
            }
            first = last + 1
        }
        return nil
    }

    /// Seeds that fail with the mutant, or may have trapped, ascending.
    private func suspects(_ mutant: Mutant, _ range: SeedRange) -> [UInt64] {
        var arguments = "--mutant \(mutant.rawValue) --seeds \(range.text)"
        arguments += " --seconds \(seconds) --until-failure"
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
    private func confirm(_ mutant: Mutant, _ seed: UInt64) -> Finding? {
        let run = "--seed \(seed) --seconds \(seconds)"
        let broken = output(of: run + " --mutant \(mutant.rawValue)")
        guard !broken.isSound, output(of: run).isSound else { return nil }
        let story = broken.lines.first { line in
            line.hasPrefix("at ") || line.contains("Fatal error") || line.hasPrefix("trapped")
        }
        return Finding(seed: seed, story: String((story ?? "it ends by a signal").prefix(150)))
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
