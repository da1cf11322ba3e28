/// Flags as given on a command line, in order, still as texts.
struct CommandLineFlags: Equatable {
    struct Setting: Equatable {
        let name: String
        let value: String
    }

    private(set) var settings: [Setting] = []
    /// What follows the flags.
    private(set) var positional: [String] = []

    /// Why parsing stopped; both lead to the usage text.
    enum Stop: Error, Equatable {
        case helpWanted
        case wrong(String)
    }

    /// Sorts arguments into flags by the rules of Go's `flag` package: one or two dashes, a value
    /// after `=` or as the next argument, booleans without a value, an end at `--` or at the first
    /// argument that is no flag.
    ///
    /// `apply` sees each flag as soon as it is read and may refuse its value, so that of several
    /// mistakes the first is the one reported.
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
            try flags.take(argument, &rest, apply)
        }
        flags.positional = Array(rest)
        return flags
    }

    private mutating func take(
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
            let place = definition.isBoolean ? "-\(name)" : "flag -\(name)"
            throw .wrong("\(kind) \(value.goQuoted) for \(place): \(error.message)")
        }
        settings.append(Setting(name: name, value: value))
    }
}
