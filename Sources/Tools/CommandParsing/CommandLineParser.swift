import GoText

/// Parses command lines as cobra and pflag do, the libraries of etcd's tools: flags stand at any
/// place, also before the command that they belong to.
package struct CommandLineParser: Sendable {
    package let root: Command

    package init(_ root: Command) {
        self.root = root
    }

    /// - Parameter words: without the name of the program.
    package func parse(_ words: [String]) throws(CommandLineError) -> ParsedCommand {
        let (path, rest) = find(words)
        if path.isEmpty, let index = firstArgument(of: rest, path) {
            throw .unknownCommand(rest[index], suggestions: suggestions(for: rest[index]))
        }
        return try parse(rest, of: path)
    }

    /// The command that words select, such as those behind `help`; nil for an unknown one.
    package func command(of words: [String]) -> [Command]? {
        let (path, rest) = find(words)
        return path.isEmpty && firstArgument(of: rest, path) != nil ? nil : path
    }

    /// The command, and the words without those that select it.
    private func find(_ words: [String]) -> ([Command], [String]) {
        var path: [Command] = []
        var rest = words
        while let index = firstArgument(of: rest, path),
            let next = (path.last ?? root).subcommand(rest[index])
        {
            path.append(next)
            rest.remove(at: index)
        }
        return (path, rest)
    }

    /// All flags that a command accepts.
    package func flags(of path: [Command]) -> [Flag] {
        let command = path.last ?? root
        let inherited = [root.inheritedFlags] + path.map(\.inheritedFlags)
        return command.flags + [.help(of: command)] + inherited.flatMap(\.self)
    }

    /// The index of the first word that is neither a flag nor the value of one.
    private func firstArgument(of words: [String], _ path: [Command]) -> Int? {
        let flags = flags(of: path)
        var index = 0
        while index < words.count {
            let word = words[index]
            if word == "--" { return nil }
            if !word.isEmpty, !word.hasPrefix("-") || word == "-" { return index }
            index += takesNextWord(word, flags) ? 2 : 1
        }
        return nil
    }

    /// Whether a flag has its value in the next word; one that is unknown counts as such.
    private func takesNextWord(_ word: String, _ flags: [Flag]) -> Bool {
        guard !word.isEmpty, !word.contains("="), word.hasPrefix("--") || word.count == 2 else {
            return false
        }
        let flag = flags.first { flag in
            word.hasPrefix("--") ? flag.name == word.dropFirst(2) : flag.shorthand == word.last
        }
        return flag?.kind != .bool
    }

    /// Commands that may be meant.
    private func suggestions(for word: String) -> [String] {
        root.subcommands.map(\.name).filter { name in
            EditDistance.between(name, word) <= 2 || name.hasPrefix(word.lowercased())
        }
    }
}

// MARK: - Flags

extension CommandLineParser {
    private func parse(
        _ words: [String], of path: [Command]
    ) throws(CommandLineError) -> ParsedCommand {
        var reader = FlagReader(words, flags(of: path))
        do throws(FlagError) {
            try reader.read()
        } catch {
            throw .flag(error.text, command: path.map(\.name))
        }
        return ParsedCommand(
            path: path, flags: reader.values, arguments: reader.arguments, words: words)
    }
}

/// Why a flag is refused.
struct FlagError: Error {
    let text: String
}

/// Separates flags from arguments.
private struct FlagReader {
    var values: FlagValues
    private(set) var arguments: [String] = []
    private let flags: [Flag]
    private var rest: ArraySlice<String>

    init(_ words: [String], _ flags: [Flag]) {
        values = FlagValues(flags)
        self.flags = flags
        rest = words[...]
    }

    mutating func read() throws(FlagError) {
        while let word = rest.popFirst() {
            if word == "--" {
                arguments += rest
                return
            }
            if !word.hasPrefix("-") || word == "-" {
                arguments.append(word)
            } else if word.hasPrefix("--") {
                try readLong(word)
            } else {
                try readShort(word)
            }
        }
    }

    private mutating func readLong(_ word: String) throws(FlagError) {
        let parts = word.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false
        ).map(String.init)
        guard let name = parts.first, !name.isEmpty, !name.hasPrefix("-") else {
            throw FlagError(text: "bad flag syntax: \(word)")
        }
        guard let flag = flags.first(where: { $0.name == name }) else {
            throw FlagError(text: "unknown flag: --\(name)")
        }
        let value = try parts.count > 1 ? parts[1] : next(flag, "--\(name)")
        try set(flag, value)
    }

    private mutating func readShort(_ word: String) throws(FlagError) {
        var letters = word.dropFirst()
        while let letter = letters.popFirst() {
            guard let flag = flags.first(where: { $0.shorthand == letter }) else {
                throw FlagError(text: "unknown shorthand flag: '\(letter)' in -\(word.dropFirst())")
            }
            if letters.hasPrefix("=") {
                return try set(flag, String(letters.dropFirst()))
            }
            if flag.kind != .bool, !letters.isEmpty { return try set(flag, String(letters)) }
            try set(flag, try next(flag, "'\(letter)' in \(word)"))
        }
    }

    /// The value of a flag that has none in its own word.
    private mutating func next(_ flag: Flag, _ title: String) throws(FlagError) -> String {
        if flag.kind == .bool { return "true" }
        guard let value = rest.popFirst() else {
            throw FlagError(text: "flag needs an argument: \(title)")
        }
        return value
    }

    private mutating func set(_ flag: Flag, _ value: String) throws(FlagError) {
        do throws(GoValueError) {
            try values.set(flag.name, value)
        } catch {
            throw FlagError(
                text: "invalid argument \(value.goQuoted) for \"\(flag.title)\" flag: \(error)")
        }
    }
}

/// How many letters differ between two words (Levenshtein).
enum EditDistance {
    static func between(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.lowercased()), Array(right.lowercased()))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let changed = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(changed, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
