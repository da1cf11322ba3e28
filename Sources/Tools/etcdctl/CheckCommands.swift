import CommandParsing
import EtcdClient
import ResponseFormatting

extension CommandTree {
    static let checkActions: [String: Action] = [
        "check perf": { try await PerformanceCheck($0).run() },
        "check datascale": { try await DataScaleCheck($0).run() },
    ]
}

/// What both checks have in common: flags, an empty prefix at the start, and no keys at the end.
struct CheckOptions {
    let prefix: String
    let compacts: Bool
    let defragments: Bool

    init(_ flags: FlagValues) {
        prefix = flags.string("prefix")
        compacts = flags.bool("auto-compact")
        defragments = flags.bool("auto-defrag")
    }

    /// Requires that there are no keys with the prefix, which are deleted at the end.
    func requireNoKeys(_ client: EtcdClient) async throws {
        let range = try await client.range(.prefix(prefix), RangeOptions(limit: 1))
        guard !range.pairs.isEmpty else { return }
        throw ToolFailure.input(
            "prefix \(goQuoted(prefix.utf8)) has keys. Delete with `etcdctl del --prefix \(prefix)` "
                + "first")
    }

    func cleanUp(_ client: EtcdClient, _ endpoints: [String]) async throws {
        let deleted = try await client.delete(.prefix(prefix), timeout: .seconds(30))
        if compacts {
            let revision = deleted.header.revision
            StandardOutput.line("Compacting with revision \(revision)")
            try await client.compact(at: revision, isPhysical: true, timeout: .seconds(30))
            StandardOutput.line("Compacted with revision \(revision)")
        }
        guard defragments else { return }
        for endpoint in endpoints {
            StandardOutput.line("Defragmenting \(goQuoted(endpoint.utf8))")
            try await client.defragment(endpoint, timeout: .seconds(30))
            StandardOutput.line("Defragmented \(goQuoted(endpoint.utf8))")
        }
    }
}

/// The value of `--load`.
enum CheckLoad: String {
    case small = "s"
    case medium = "m"
    case large = "l"
    case extraLarge = "xl"

    init(_ flags: FlagValues) throws(ToolFailure) {
        let text = flags.string("load")
        let names: [String: CheckLoad] = [
            "s": .small, "small": .small, "m": .medium, "medium": .medium, "l": .large,
            "large": .large, "xl": .extraLarge, "xLarge": .extraLarge,
        ]
        guard let load = names[text] else { throw .feature("unknown load option \(text)") }
        self = load
    }
}
