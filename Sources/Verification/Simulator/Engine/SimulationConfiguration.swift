/// The parameters of a run; everything else follows from the seed.
package struct SimulationConfiguration: Sendable {
    package var seed: UInt64
    /// Virtual seconds with faults and clients; a phase without faults follows.
    package var seconds: Int64 = 60
    /// Events after which the run ends early; nil for no limit.
    package var stepsMax: Int?
    /// Initial members; nil lets the seed choose.
    package var members: Int?
    /// A safety rule that is switched off.
    package var mutant: Mutant?
    /// Whether the trace is printed line by line.
    package var printsTrace = false

    /// The faults to inject instead of those that the seed draws.
    package var scenario: Scenario?
    /// Virtual seconds without faults at the end.
    package var recoverySeconds: Int64 = 30

    package init(seed: UInt64) { self.seed = seed }

    /// The arguments that repeat the run.
    package var arguments: String {
        var text = "--seed \(seed)"
        if seconds != 60, scenario == nil { text += " --seconds \(seconds)" }
        if let stepsMax { text += " --steps \(stepsMax)" }
        if let members { text += " --members \(members)" }
        if let scenario { text += " --scenario '\(scenario.name)'" }
        if let mutant { text += " --mutant \(mutant.rawValue)" }
        return text
    }
}
