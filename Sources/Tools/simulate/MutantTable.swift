import Glibc
import Simulator

/// Runs each mutant until a seed shows it, and prints which one did, and by what.
///
/// Each runs in a process of its own: a broken rule may also trap.
struct MutantTable {
    let range: SeedRange
    let seconds: Int64
    let jobs: Int?

    /// - Returns: how many were not found.
    func run() -> Int {
        var missed = 0
        for mutant in Mutant.allCases {
            let found = search(mutant)
            if found == nil { missed += 1 }
            print("| `\(mutant.rawValue)` | \(found ?? "NOT FOUND") |")
            fflush(nil)
        }
        print("\(Mutant.allCases.count) mutants, \(missed) not found in seeds \(range.text)")
        return missed
    }

    private func search(_ mutant: Mutant) -> String? {
        var command = "'\(CommandLine.arguments[0])' --mutant \(mutant.rawValue)"
        command += " --seeds \(range.text) --seconds \(seconds) --until-failure"
        if let jobs { command += " --jobs \(jobs)" }
        guard let lines = output(of: command + " 2>&1") else { return nil }
        guard let story = lines.first(where: { $0.hasPrefix("at ") || $0.contains("rapped") })
        else {
            return nil
        }
        let seed = lines.first { $0.hasPrefix("seed ") }?.prefix { $0 != ":" } ?? "a trap"
        return "\(seed) | \(story.prefix(150))"
    }

    /// What a command prints; nil when it cannot be run.
    private func output(of command: String) -> [String]? {
        guard let pipe = popen(command, "r") else { return nil }
        defer { pclose(pipe) }
        var bytes: [UInt8] = []
        while true {
            let byte = getc(pipe)
            if byte == EOF { break }
            bytes.append(UInt8(truncatingIfNeeded: byte))
        }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
