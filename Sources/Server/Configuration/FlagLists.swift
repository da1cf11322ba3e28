import GoText

/// Comma-separated URLs, sorted and without duplicates, as etcd keeps them.
package struct EndpointURLList: FlagValue {
    package let urls: [EndpointURL]

    /// An empty text gives an empty list.
    package init(flagText: String) throws(FlagValueError) {
        if flagText.isEmpty {
            self.init([])
            return
        }
        var parsed: [EndpointURL] = []
        for part in flagText.split(separator: ",", omittingEmptySubsequences: false) {
            parsed.append(try EndpointURL(String(part)))
        }
        self.init(parsed)
    }

    package init(_ urls: [EndpointURL]) {
        var unique: [EndpointURL] = []
        for url in urls.sorted() where unique.last?.text != url.text {
            unique.append(url)
        }
        self.urls = unique
    }

    package var flagText: String { urls.map(\.text).joined(separator: ",") }
    package var texts: [String] { urls.map(\.text) }
    package var isEmpty: Bool { urls.isEmpty }
}

/// Comma-separated words in the order given.
package struct StringList: FlagValue {
    package var values: [String]

    package init(_ values: [String] = []) {
        self.values = values
    }

    package init(flagText: String) {
        values = flagText.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    /// A list in a file is a sequence of strings.
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        values = try fileNode.strings()
    }

    package var flagText: String { values.joined(separator: ",") }
    package var isEmpty: Bool { values.isEmpty }
}

/// Comma-separated words as a set, kept sorted.
package struct UniqueStringList: FlagValue {
    package var values: [String]

    package init(_ values: [String] = []) {
        var unique: [String] = []
        for value in values.sorted() where unique.last != value { unique.append(value) }
        self.values = unique
    }

    package init(flagText: String) {
        self.init(StringList(flagText: flagText).values)
    }

    /// A sequence of strings (`log-outputs`), or one comma-separated string (`host-whitelist`).
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        if case .scalar(let text, _) = fileNode {
            self.init(flagText: text)
        } else {
            self.init(try fileNode.strings())
        }
    }

    package var flagText: String { values.joined(separator: ",") }
    package var isEmpty: Bool { values.isEmpty }
}

/// Origins that browsers may call from: `*` for all, or URLs.
package struct AllowedOrigins: FlagValue {
    package let origins: [String]

    /// `*` and the empty text are taken as they are; anything else must be URLs.
    package init(flagText: String) throws(FlagValueError) {
        if flagText == "*" || flagText.isEmpty {
            origins = [flagText]
        } else {
            origins = try EndpointURLList(flagText: flagText).texts
        }
    }

    package init(allowingAll: Void) {
        origins = ["*"]
    }

    package var flagText: String { origins.joined(separator: ",") }

    /// Whether every origin is allowed.
    package var allowsAll: Bool { origins.contains("*") || origins == [""] }

    package func allows(_ origin: String) -> Bool {
        allowsAll || origins.contains(origin)
    }
}

extension FlagValue where Self: RawRepresentable, RawValue == String {
    package init(flagText: String) throws(FlagValueError) {
        guard let value = Self(rawValue: flagText) else {
            throw FlagValueError("invalid value")
        }
        self = value
    }

    package var flagText: String { rawValue }
}

/// Whether this member bootstraps a new cluster or joins one.
package enum InitialClusterState: String, FlagValue {
    case new, existing
}

/// What counts against the quota of the database, and how its alarm ends.
package enum QuotaRule: String, FlagValue {
    /// Pages in use; the alarm ends by itself.
    case inUse = "in-use"
    /// The size of the file; the alarm ends when it is disarmed.
    case etcd
}

/// What to do when discovery fails; `proxy` is parsed and then refused.
package enum DiscoveryFallback: String, FlagValue {
    case exit, proxy
}

/// The stages of dropping the v2 store; read for compatibility, the default is always in force.
package struct V2Deprecation: FlagValue {
    /// etcd's stages except `not-yet`, which 3.6 removed.
    package enum Stage: String, Sendable {
        case writeOnly = "write-only"
        case writeOnlySkipCheck = "write-only-skip-check"
        case writeOnlyDropData = "write-only-drop-data"
        case gone
    }

    package var stages: [Stage]

    package init(_ stages: [Stage] = [.writeOnly]) {
        self.stages = stages
    }

    /// Reads a list separated by commas.
    package init(flagText: String) throws(FlagValueError) {
        stages = []
        for text in flagText.split(separator: ",", omittingEmptySubsequences: false) {
            guard let stage = Stage(rawValue: String(text)) else {
                throw FlagValueError("invalid value \(String(text).goQuoted)")
            }
            stages.append(stage)
        }
    }

    /// As in etcd, any text is accepted in a file; an unknown stage means the default.
    package init(fileNode: ConfigurationNode) throws(FlagValueError) {
        guard case .scalar(let text, _) = fileNode else {
            throw FlagValueError("must be a string")
        }
        self = (try? V2Deprecation(flagText: text)) ?? V2Deprecation()
    }

    package var flagText: String { stages.map(\.rawValue).joined(separator: ",") }
}
