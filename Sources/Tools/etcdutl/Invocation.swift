import CommandParsing
import ResponseFormatting
import StandardStreams

/// One run of a command: its flags and arguments.
struct Invocation: Sendable {
    let command: ParsedCommand

    var flags: FlagValues { command.flags }
    var arguments: [String] { command.arguments }

    /// How long a command waits for the lock of a database; nil: without a limit.
    var lockTimeout: Duration? {
        let timeout = flags.duration("timeout")
        return timeout > .zero ? timeout : nil
    }

    /// The command cannot run without these flags.
    func require(_ names: [String]) throws(ToolFailure) {
        let missing = names.filter { !flags.isGiven($0) }.sorted()
        guard missing.isEmpty else {
            let shown = missing.map { "\"\($0)\"" }.joined(separator: ", ")
            throw .usage("required flag(s) \(shown) not set", of: command.path)
        }
    }

    /// The only argument.
    func argument() throws(ToolFailure) -> String {
        guard arguments.count == 1 else {
            throw .usage("accepts 1 arg(s), received \(arguments.count)", of: command.path)
        }
        return arguments[0]
    }

    /// The format of the output; as in etcd an unknown one is refused before any work.
    func format() throws(ToolFailure) -> OutputFormat {
        guard let format = OutputFormat(rawValue: flags.string("write-out")) else {
            throw .format("unsupported output format")
        }
        return format
    }

    /// Prints a result.
    func print(_ row: ReportRow, as format: OutputFormat) throws(ToolFailure) {
        do throws(UnsupportedFormat) {
            for line in try row.lines(format) { StandardOutput.line(line) }
        } catch {
            throw .format("\(error)")
        }
    }
}
