/// The values of the flags of a command: given, from the environment, or initial.
package struct FlagValues: Sendable {
    private var texts: [String: String]
    private var given: Set<String> = []
    private let kinds: [String: Flag.Kind]

    package init(_ flags: [Flag]) {
        texts = Dictionary(flags.map { ($0.name, $0.initial) }) { first, _ in first }
        kinds = Dictionary(flags.map { ($0.name, $0.kind) }) { first, _ in first }
    }

    /// Whether the flag was set on the command line or by the environment.
    package func isGiven(_ name: String) -> Bool { given.contains(name) }

    package func string(_ name: String) -> String { texts[name] ?? "" }
    package func bool(_ name: String) -> Bool { GoValue.bool(string(name)) ?? false }
    package func int64(_ name: String) -> Int64 { (try? GoValue.int64(string(name))) ?? 0 }
    package func uint64(_ name: String) -> UInt64 { (try? GoValue.uint64(string(name))) ?? 0 }

    package func duration(_ name: String) -> Duration {
        (try? GoDuration.parse(string(name))) ?? .zero
    }

    package func list(_ name: String) -> [String] {
        let text = string(name)
        return text.isEmpty
            ? []
            : text.split(separator: ",", omittingEmptySubsequences: false)
                .map(String.init)
    }

    /// Sets a flag to a text, which must be a value of its kind.
    package mutating func set(_ name: String, _ text: String) throws(GoValueError) {
        switch kinds[name] {
        case .bool:
            guard GoValue.bool(text) != nil else {
                throw GoValueError(function: "ParseBool", text: text, reason: .syntax)
            }
        case .int64: _ = try GoValue.int64(text)
        case .uint64: _ = try GoValue.uint64(text)
        case .duration: _ = try GoDuration.parse(text)
        case .list:
            // A repeated list is continued, and the initial one replaced.
            texts[name] = isGiven(name) ? "\(string(name)),\(text)" : text
            given.insert(name)
            return
        case .string, nil: break
        }
        texts[name] = text
        given.insert(name)
    }
}
