import Glibc
import Simulator
import Synchronization

/// Knows which runs are under way, so that one that traps can still be named.
///
/// A broken precondition ends the whole process; the handler of its signal writes the commands
/// that repeat what was running.
final class RunBoard: Sendable {
    static let shared = RunBoard()
    static let placesMax = 64
    /// Texts for the signal handler, which may not allocate: one line for each place, zero bytes
    /// where nothing runs.
    private static let lineBytes = 160
    nonisolated(unsafe) private static let lines = UnsafeMutablePointer<CChar>.allocate(
        capacity: placesMax * lineBytes)

    private init() {
        Self.lines.update(repeating: 0, count: Self.placesMax * Self.lineBytes)
    }

    /// Runs one seed; `place` tells runs at the same time apart.
    func run(_ settings: SimulationSettings, in place: Int) -> SimulationReport {
        let line = Self.lines + place * Self.lineBytes
        let text = Array("trapped, maybe in: simulate \(settings.arguments)\n".utf8.prefix(150))
        for (offset, byte) in text.enumerated() { line[offset] = CChar(bitPattern: byte) }
        defer { line.update(repeating: 0, count: Self.lineBytes) }
        return simulate(settings)
    }

    func watchForTraps() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS] {
            signal(number) { number in
                for place in 0..<RunBoard.placesMax {
                    let line = RunBoard.lines + place * RunBoard.lineBytes
                    let length = strlen(line)
                    if length > 0 { _ = write(STDERR_FILENO, line, length) }
                }
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
