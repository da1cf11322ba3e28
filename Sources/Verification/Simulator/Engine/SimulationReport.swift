package import Identifiers
package import MonotonicClock

/// The result of one simulated run.
package struct SimulationReport: Sendable {
    package let configuration: SimulationConfiguration
    /// The fault profile that the seed drew.
    package internal(set) var profile = ""
    package internal(set) var steps = 0
    package internal(set) var virtualTime = TimeSpan.zero
    package internal(set) var traceHash: UInt64 = 0
    /// The counters: faults, responses, probes.
    package internal(set) var counts: [Occurrence: Int] = [:]
    package internal(set) var revision: Revision = 0
    /// The violations found; empty for a sound run.
    package internal(set) var failures: [String] = []

    init(_ configuration: SimulationConfiguration) { self.configuration = configuration }

    package var isSound: Bool { failures.isEmpty }

    mutating func count(_ occurrence: Occurrence, by amount: Int = 1) {
        guard amount > 0 else { return }
        counts[occurrence, default: 0] += amount
    }
}

extension SimulationReport: CustomStringConvertible {
    package var description: String {
        let hash = String(traceHash, radix: 16)
        let padded = String(repeating: "0", count: 16 - hash.count) + hash
        let counted = Occurrence.allCases.compactMap { occurrence in
            counts[occurrence].map { "\(occurrence.rawValue) \($0)" }
        }
        let seconds = virtualTime / .second
        return "seed \(configuration.seed): trace \(padded), \(profile), \(seconds) s, "
            + "\(steps) steps, revision \(revision); " + counted.joined(separator: ", ")
            + (isSound ? ": sound" : "\n" + failures.joined(separator: "\n"))
    }
}

/// A violated guarantee, or something that cannot happen.
struct SimulationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
