/// What one simulated run came to.
package struct SimulationReport: Sendable {
    package let settings: SimulationSettings
    /// What the seed made of the faults.
    package internal(set) var profile = ""
    package internal(set) var steps = 0
    package internal(set) var virtualNanoseconds: Int64 = 0
    package internal(set) var traceHash: UInt64 = 0
    /// How often each thing happened: faults, answers, probes.
    package internal(set) var counts: [Occurrence: Int] = [:]
    package internal(set) var revision: Int64 = 0
    /// What went wrong; empty when nothing did.
    package internal(set) var failures: [String] = []

    init(_ settings: SimulationSettings) { self.settings = settings }

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
        let told = Occurrence.allCases.compactMap { occurrence in
            counts[occurrence].map { "\(occurrence.rawValue) \($0)" }
        }
        let seconds = virtualNanoseconds / Nanoseconds.second
        return "seed \(settings.seed): trace \(padded), \(profile), \(seconds) s, \(steps) steps, "
            + "revision \(revision); " + told.joined(separator: ", ")
            + (isSound ? ": sound" : "\n" + failures.joined(separator: "\n"))
    }
}

/// A broken promise, or something that cannot happen.
struct SimulationFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
