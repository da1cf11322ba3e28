import Glibc
import Simulator
import Synchronization

/// The seeds that run at the moment, so that one that traps can be reported.
///
/// A failed precondition ends the whole process; the signal handler prints the commands that
/// repeat the running seeds.
final class RunningSeeds: Sendable {
    static let shared = RunningSeeds()
    static let slotsMax = 64
    /// Texts for the signal handler, which must not allocate: one line for each slot, zero bytes
    /// for an unused slot.
    private static let lineBytes = 160
    nonisolated(unsafe) private static let lines = UnsafeMutablePointer<CChar>.allocate(
        capacity: slotsMax * lineBytes)

    private init() {
        Self.lines.update(repeating: 0, count: Self.slotsMax * Self.lineBytes)
    }

    /// Runs one seed; concurrent runs have different slots.
    func run(_ configuration: SimulationConfiguration, in slot: Int) -> SimulationReport {
        let line = Self.lines + slot * Self.lineBytes
        let text = Array(
            "trapped, maybe in: simulate \(configuration.arguments)\n".utf8.prefix(150))
        for (offset, byte) in text.enumerated() { line[offset] = CChar(bitPattern: byte) }
        defer { line.update(repeating: 0, count: Self.lineBytes) }
        return simulate(configuration)
    }

    func watchForTraps() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS] {
            signal(number) { number in
                for slot in 0..<RunningSeeds.slotsMax {
                    let line = RunningSeeds.lines + slot * RunningSeeds.lineBytes
                    let length = strlen(line)
                    if length > 0 { _ = write(STDERR_FILENO, line, length) }
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
