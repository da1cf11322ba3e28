import GoText

/// The flags given on a command line, in order, as texts.
struct CommandLineFlags: Equatable {
    struct Flag: Equatable {
        let name: String
        let value: String
    }

    private(set) var given: [Flag] = []
    /// The arguments after the flags.
    private(set) var positional: [String] = []

    /// Why parsing stopped; both print the usage text.
    enum Stop: Error, Equatable {
        case helpWanted
        case wrong(String)
    }

    /// Parses arguments by the rules of Go's `flag` package: one or two dashes, a value
    /// after `=` or as the next argument, booleans without a value, an end at `--` or at the first
    /// argument that is not a flag.
    ///
    /// `apply` is called with each flag as soon as it is read and may refuse its value, so that the
    /// first of several mistakes is reported.
    static func parse(
        _ arguments: [String],
        apply: (FlagDefinition, String) throws(FlagValueError) -> Void
    ) throws(Stop) -> CommandLineFlags {
        var flags = CommandLineFlags()
        var rest = arguments[...]
        while let argument = rest.first {
            guard argument.utf8.count > 1, argument.hasPrefix("-") else { break }
            rest.removeFirst()
            if argument == "--" { break }
            try flags.parseFlag(argument, &rest, apply)
        }
        flags.positional = Array(rest)
        return flags
    }

    private mutating func parseFlag(
        _ argument: String, _ rest: inout ArraySlice<String>,
        _ apply: (FlagDefinition, String) throws(FlagValueError) -> Void
    ) throws(Stop) {
        let body = argument.dropFirst(argument.hasPrefix("--") ? 2 : 1)
        guard let first = body.first, first != "-", first != "=" else {
            throw .wrong("bad flag syntax: \(argument)")
        }
        let equals = body.firstIndex(of: "=")
        let name = String(body[..<(equals ?? body.endIndex)])
        var value = equals.map { String(body[body.index(after: $0)...]) }
        guard let definition = FlagTable.find(name) else {
            if name == "help" || name == "h" { throw .helpWanted }
            throw .wrong("flag provided but not defined: -\(name)")
        }
        if value == nil { value = definition.isBoolean ? "true" : rest.popFirst() }
        guard let value else { throw .wrong("flag needs an argument: -\(name)") }
        do {
            try apply(definition, value)
        } catch {
            let kind = definition.isBoolean ? "invalid boolean value" : "invalid value"
            let flag = definition.isBoolean ? "-\(name)" : "flag -\(name)"
            throw .wrong("\(kind) \(value.goQuoted) for \(flag): \(error.message)")
        }
        given.append(Flag(name: name, value: value))
    }
}
