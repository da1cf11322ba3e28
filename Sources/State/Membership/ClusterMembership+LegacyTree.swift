import GoText
package import Identifiers

/// The membership in the format of etcd's v2 store, which `.snap` files and snapshot messages still
/// contain: members of 3.5 start from it.
///
/// A node is a directory with children, or a value; indexes only have to be valid.
extension ClusterMembership {
    /// JSON of the whole v2 store, with an empty event history of the default capacity.
    package var legacyTreeJSON: String {
        var nodes: [(name: String, json: String)] = [("members", membersDirectory)]
        if !removed.isEmpty { nodes.append(("removed_members", removedDirectory)) }
        if let version { nodes.append(("version", leaf("/0/version", version.description))) }
        let root = directory(
            "/", [("0", directory("/0", nodes)), ("1", directory("/1", []))])
        return """
            {"Root":\(root),"WatcherHub":\(Self.emptyHistory),"CurrentIndex":\(members.count),\
            "Stats":\(Self.zeroStatistics),"CurrentVersion":2}
            """
    }

    private var membersDirectory: String {
        directory("/0/members", members.map { ($0.id.description, memberDirectory($0)) })
    }

    private func memberDirectory(_ member: Member) -> String {
        let path = "/0/members/\(member.id)"
        var nodes = [("raftAttributes", leaf("\(path)/raftAttributes", member.raftAttributesJSON))]
        if member.isStarted {
            nodes.insert(("attributes", leaf("\(path)/attributes", member.attributesJSON)), at: 0)
        }
        return directory(path, nodes)
    }

    private var removedDirectory: String {
        directory(
            "/0/removed_members",
            removed.sorted().map { ("\($0)", leaf("/0/removed_members/\($0)", "removed")) })
    }

    private func directory(_ path: String, _ children: [(name: String, json: String)]) -> String {
        let entries = children.map { "\($0.name.goJSON):\($0.json)" }
        return node(path, value: "", children: "{\(entries.joined(separator: ","))}")
    }

    private func leaf(_ path: String, _ value: String) -> String {
        node(path, value: value, children: "null")
    }

    private func node(_ path: String, value: String, children: String) -> String {
        """
        {"Path":\(path.goJSON),"CreatedIndex":0,"ModifiedIndex":0,\
        "ExpireTime":"0001-01-01T00:00:00Z","Value":\(value.goJSON),"Children":\(children)}
        """
    }

    /// Readers index into the event queue up to its capacity, so all slots must be present.
    private static let emptyHistory: String = {
        let slots = Array(repeating: "null", count: 1000).joined(separator: ",")
        return """
            {"EventHistory":{"Queue":{"Events":[\(slots)],"Size":0,"Front":0,"Back":0,\
            "Capacity":1000},"StartIndex":0,"LastIndex":0}}
            """
    }()

    private static let zeroStatistics = """
        {"getsSuccess":0,"getsFail":0,"setsSuccess":0,"setsFail":0,"deleteSuccess":0,\
        "deleteFail":0,"updateSuccess":0,"updateFail":0,"createSuccess":0,"createFail":0,\
        "compareAndSwapSuccess":0,"compareAndSwapFail":0,"compareAndDeleteSuccess":0,\
        "compareAndDeleteFail":0,"expireCount":0,"watchers":0}
        """
}

/// Requests to the v2 store, which members before 3.6 still propose.
extension ClusterMembership {
    /// The membership change of such a request; nil when it does not concern the membership.
    package static func legacyChange(path: String, value: String) -> LegacyChange? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        if parts == ["0", "version"] {
            return SemanticVersion(value).map { .version($0) }
        }
        guard parts.count == 4, parts[0] == "0", parts[1] == "members", parts[3] == "attributes",
            let id = MemberID(hexadecimal: parts[2]),
            let attributes = PublishedAttributes(json: value)
        else { return nil }
        return .attributes(
            id, name: attributes.name ?? "", clientURLs: attributes.clientURLs ?? [])
    }

    package enum LegacyChange: Equatable, Sendable {
        case attributes(MemberID, name: String, clientURLs: [String])
        case version(SemanticVersion)
    }
}
