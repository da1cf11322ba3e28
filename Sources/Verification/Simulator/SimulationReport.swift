/// What one simulated run came to.
package struct SimulationReport: Sendable, CustomStringConvertible {
    package let seed: UInt64
    package internal(set) var steps = 0
    package internal(set) var crashes = 0
    package internal(set) var diskFailures = 0
    /// Operations that were answered, and that never were.
    package internal(set) var answered = 0
    package internal(set) var unanswered = 0
    package internal(set) var revision: Int64 = 0
    package internal(set) var snapshots = 0
    /// Hashes compared between before and after a crash.
    package internal(set) var hashesCompared = 0
    /// What went wrong; empty when nothing did.
    package internal(set) var failures: [String] = []

    package init(seed: UInt64) {
        self.seed = seed
    }

    package var isSound: Bool { failures.isEmpty }

    package var description: String {
        let verdict = isSound ? "sound" : failures.joined(separator: "\n")
        return "seed \(seed): \(steps) steps, \(crashes) crashes, \(diskFailures) disk failures, "
            + "\(answered) answered, \(unanswered) unanswered, revision \(revision), "
            + "\(hashesCompared) hashes compared: \(verdict)"
    }
}

/// A broken promise, or something that cannot happen.
struct SimulationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
