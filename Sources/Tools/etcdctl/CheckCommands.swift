import CommandParsing
import EtcdClient
import ResponseFormatting
import StandardStreams

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
    ///
    /// - Parameter quote: around the command that deletes them, in the error.
    func requireNoKeys(_ client: EtcdClient, quote: String = "") async throws {
        let range = try await client.range(.prefix(prefix), RangeOptions(limit: 1))
        guard !range.pairs.isEmpty else { return }
        throw ToolFailure.input(
            "prefix \(goQuoted(prefix.argumentBytes)) has keys. Delete with \(quote)etcdctl del --prefix "
                + "\(prefix)\(quote) first")
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
            StandardOutput.line("Defragmenting \(goQuoted(endpoint.argumentBytes))")
            try await client.defragment(endpoint, timeout: .seconds(30))
            StandardOutput.line("Defragmented \(goQuoted(endpoint.argumentBytes))")
        }
    }
}

/// How often writes failed, by the error.
struct WriteFailures: Sendable {
    private(set) var counts: [String: Int] = [:]

    mutating func add(_ error: EtcdClientError) { counts[error.toolText, default: 0] += 1 }

    mutating func add(_ other: WriteFailures) {
        counts.merge(other.counts, uniquingKeysWith: +)
    }

    /// Prints the failures; false without one.
    func report() -> Bool {
        guard !counts.isEmpty else { return false }
        StandardOutput.line("FAIL: too many errors")
        for (text, count) in counts.sorted(by: { $0.key < $1.key }) {
            StandardOutput.line("FAIL: ERROR(\(text)) -> \(count)")
        }
        return true
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
