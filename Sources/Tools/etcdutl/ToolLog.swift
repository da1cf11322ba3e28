import ServerLogging
import StandardStreams

/// The log of commands that change files, on the standard error: time, level, caller, message and
/// fields, separated by tabs.
enum ToolLog {
    /// Another one in tests.
    @TaskLocal static var logger: ServerLogger = ServerLogger(
        destination: LogDestination(format: .console, outputs: [Lines()], isSampling: false))

    /// Writes lines as etcd's tools do, whose times have no fractions of a second.
    private struct Lines: LogOutput {
        func write(_ bytes: [UInt8], of line: LogLine) -> Bool {
            let columns = bytes.drop { $0 != 0x09 }
            let time = LogTimestamp.text(line.timeMicroseconds).prefix { $0 != "." }
            StandardError.write(Array("\(time)Z".utf8) + columns)
            return true
        }
    }
}
