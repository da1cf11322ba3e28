/// One value of a configuration file.
package indirect enum ConfigurationNode: Sendable, Equatable {
    /// An empty value, `~` or `null`: the flag keeps its default.
    case null
    /// A scalar; if `isQuoted`, it is a string and must not be read as another type.
    case scalar(String, isQuoted: Bool)
    case sequence([ConfigurationNode])
    /// Entries in the order of the file; the last of equal keys applies.
    case mapping([Entry])

    package struct Entry: Sendable, Equatable {
        package let key: String
        package let value: ConfigurationNode
    }

    /// The entries of a mapping; none for null, nil for anything else.
    package var entries: [Entry]? {
        switch self {
        case .mapping(let entries): entries
        case .null: []
        default: nil
        }
    }

    /// A sequence of scalars as strings.
    func strings() throws(FlagValueError) -> [String] {
        guard case .sequence(let items) = self else {
            throw FlagValueError("must be a list of strings")
        }
        var strings: [String] = []
        for item in items {
            guard case .scalar(let text, _) = item else {
                throw FlagValueError("must be a list of strings")
            }
            strings.append(text)
        }
        return strings
    }
}

/// Where and why a configuration file could not be read.
package struct ConfigurationSyntaxError: Error, Equatable {
    /// Line in the file, from 1.
    package let line: Int
    package let reason: String

    package var message: String { "line \(line): \(reason)" }
}
