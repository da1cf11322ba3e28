package import Bolt
import FoundationEssentials

/// What a 3.5 member knows of the others only in its former store: its database has neither the
/// names and client URLs that were published nor the promotions of learners.
extension ClusterMembership {
    /// What a tree of the former store, as `legacyTreeJSON` writes it, has published of members;
    /// empty when it is none.
    package static func publications(inLegacyTree json: [UInt8]) -> [LegacyChange] {
        guard let tree = try? JSONDecoder().decode(StoredTree.self, from: Data(json)) else {
            return []
        }
        let members = tree.root?.children?["0"]?.children?["members"]?.children ?? [:]
        return members.sorted { $0.key < $1.key }.compactMap { id, member in
            guard let value = member.children?["attributes"]?.value else { return nil }
            return legacyChange(path: "/0/members/\(id)/attributes", value: value)
        }
    }

    /// Fills in what the database does not hold of its members, the newest publication of each
    /// counting, and writes all of them as they are known now.
    package mutating func recall(
        _ publications: [LegacyChange], into batch: inout BoltWriteBatch
    ) {
        var newest: [MemberID: (name: String, clientURLs: [String])] = [:]
        for case .attributes(let id, let name, let urls) in publications {
            newest[id] = (name, urls)
        }
        for member in members {
            let known = member.clientURLs.isEmpty ? newest[member.id] : nil
            publish(
                name: known?.name ?? member.name,
                clientURLs: known?.clientURLs ?? member.clientURLs,
                of: member.id, into: &batch)
        }
    }
}

/// A node of the tree, as far as it is read.
private struct StoredNode: Decodable {
    var value: String?
    var children: [String: StoredNode]?

    enum CodingKeys: String, CodingKey {
        case value = "Value"
        case children = "Children"
    }
}

private struct StoredTree: Decodable {
    var root: StoredNode?

    enum CodingKeys: String, CodingKey { case root = "Root" }
}
