package import MonotonicClock

/// The parameters of a run; everything else follows from the seed.
package struct SimulationConfiguration: Sendable {
    package var seed: UInt64
    /// Virtual time with faults and clients; a phase without faults follows.
    package var faultTime = Self.defaultFaultTime
    /// Events after which the run ends early; nil for no limit.
    package var stepsMax: Int?
    /// Initial members; nil lets the seed choose.
    package var members: Int?
    /// Whether there are users, whose permissions change; nil lets the seed choose.
    package var hasUsers: Bool?
    /// A safety rule that is switched off.
    package var mutant: Mutant?
    /// Whether the trace is printed line by line.
    package var printsTrace = false

    /// The faults to inject instead of those that the seed draws.
    package var scenario: Scenario?
    /// Virtual time without faults at the end.
    package var recoveryTime = TimeSpan.seconds(30)

    private static let defaultFaultTime = TimeSpan.seconds(60)

    package init(seed: UInt64) { self.seed = seed }

    /// The arguments that repeat the run.
    package var arguments: String {
        var text = "--seed \(seed)"
        if faultTime != Self.defaultFaultTime, scenario == nil {
            text += " --seconds \(faultTime / .seconds(1))"
        }
        if let stepsMax { text += " --steps \(stepsMax)" }
        if let members { text += " --members \(members)" }
        if let hasUsers { text += hasUsers ? " --users" : " --no-users" }
        if let scenario { text += " --scenario '\(scenario.name)'" }
        if let mutant { text += " --mutant \(mutant.rawValue)" }
        return text
    }
}
