import CommandParsing
import ResponseFormatting
import StandardStreams

/// The environment variables of flags: `ETCDCTL_` and the name of the flag.
extension GlobalFlags {
    private static let prefix = "ETCDCTL_"
    /// Variables that are no flags.
    private static let others = ["ETCDCTL_API", "ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"]

    private static func variable(of flag: Flag) -> String {
        prefix + flag.name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }

    /// Takes flags that are not on the command line from the environment.
    ///
    /// - Parameter listed: the global flags, and those of the groups that the command is in.
    /// - Throws: for a flag that is set in both ways. A malformed value counts as not set.
    static func read(
        _ listed: [Flag], environment: [String: String], into flags: inout FlagValues
    ) throws(ToolFailure) {
        var known = Set(others)
        for flag in listed {
            let name = variable(of: flag)
            known.insert(name)
            guard let value = environment[name], !value.isEmpty else { continue }
            guard !flags.isGiven(flag.name) else {
                throw ToolFailure(
                    lines: [
                        logLine(
                            "fatal",
                            "conflicting environment variable is shadowed by corresponding "
                                + "command-line flag (either unset environment variable or "
                                + "disable flag))", name)
                    ], status: 1)
            }
            do throws(GoValueError) {
                try flags.set(flag.name, value)
            } catch {
                StandardError.line(
                    logLine("warn", "invalid value for an environment variable: \(error)", name))
            }
        }
        let unknown = environment.filter { $0.key.hasPrefix(prefix) && !known.contains($0.key) }
        for (name, value) in unknown.sorted(by: { $0.key < $1.key }) {
            StandardError.line(
                logLine("warn", "unrecognized environment variable", "\(name)=\(value)"))
        }
    }

    /// A line as the logger of etcd's tools writes it, without time and place.
    private static func logLine(_ level: String, _ message: String, _ variable: String) -> String {
        var line = GoObject()
        line.always("level", .string(level))
        line.always("msg", .string(message))
        line.always("environment-variable", .string(variable))
        return GoJSON.object(line).text
    }

    /// `--debug`: the values of the flags, as environment variables.
    static func print(_ listed: [Flag], _ flags: FlagValues) {
        for flag in listed.sorted(by: { $0.name < $1.name }) {
            let value =
                flag.kind == .list ? "[\(flags.string(flag.name))]" : flags.string(flag.name)
            StandardError.line("\(variable(of: flag))=\(value)")
        }
    }
}
