import CommandParsing
import Configuration

/// The flags of `snapshot restore`.
struct RestoreOptions {
    let snapshot: String
    let name: String
    let dataDirectory: String
    /// As given; empty for the log's usual directory.
    let logDirectory: String
    let peerURLs: [EndpointURL]
    let members: [InitialMember]
    let clusterToken: String
    let skipsHashCheck: Bool
    let mapBytes: UInt64
    /// How far the revision is increased, and then marked as compacted; 0 for not at all.
    let revisionBump: UInt64

    init(_ invocation: Invocation) throws(ToolFailure) {
        let flags = invocation.flags
        guard invocation.arguments.count == 1 else {
            throw .arguments("snapshot restore requires exactly one argument")
        }
        snapshot = invocation.arguments[0]
        revisionBump = flags.uint64("bump-revision")
        guard flags.bool("mark-compacted") == (revisionBump > 0) else {
            throw .arguments("--mark-compacted required if --revision-bump > 0")
        }
        name = flags.string("name")
        let directory = flags.string("data-dir")
        dataDirectory = directory.isEmpty ? name + ".etcd" : directory
        logDirectory = flags.string("wal-dir")
        clusterToken = flags.string("initial-cluster-token")
        skipsHashCheck = flags.bool("skip-hash-check")
        mapBytes = flags.uint64("initial-memory-map-size")
        do throws(FlagValueError) {
            peerURLs = try Self.urls(flags.string("initial-advertise-peer-urls"))
            members = try Self.members(flags.string("initial-cluster"))
        } catch {
            throw .operation(error.message)
        }
    }

    private static func urls(_ text: String) throws(FlagValueError) -> [EndpointURL] {
        var urls: [EndpointURL] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            urls.append(try EndpointURL(String(part), allowsAnyPort: true))
        }
        return urls.sorted()
    }

    /// Reads `name=url,name=url`, ordered by name. A member without a URL has an empty one, whose
    /// error is printed.
    private static func members(_ text: String) throws(FlagValueError) -> [InitialMember] {
        var members: [String: [EndpointURL]] = [:]
        for part in text.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let url = try EndpointURL(pair.count > 1 ? String(pair[1]) : "", allowsAnyPort: true)
            members[String(pair[0]), default: []].append(url)
        }
        return members.map { InitialMember(name: $0.key, peerURLs: $0.value) }
            .sorted { $0.name < $1.name }
    }
}
