package import Bolt
import FoundationEssentials
import Identifiers

/// Published attributes in the v2 store: the database of a 3.5 member contains neither the
/// published names and client URLs of other members nor promotions of learners.
extension ClusterMembership {
    /// The published attributes in a v2 store, in the format of `legacyTreeJSON`; empty when the
    /// bytes are not one.
    package static func publishedAttributes(inLegacyTree json: [UInt8]) -> [LegacyChange] {
        guard let tree = try? JSONDecoder().decode(StoredTree.self, from: Data(json)) else {
            return []
        }
        let members = tree.root?.children?["0"]?.children?["members"]?.children ?? [:]
        return members.sorted { $0.key < $1.key }.compactMap { id, member in
            guard let value = member.children?["attributes"]?.value else { return nil }
            return legacyChange(path: "/0/members/\(id)/attributes", value: value)
        }
    }

    /// Sets the attributes that the database lacks, by the newest change of each member, and stores
    /// all members.
    package mutating func restorePublishedAttributes(
        _ published: [LegacyChange], into batch: inout BoltWriteBatch
    ) {
        var newest: [MemberID: (name: String, clientURLs: [String])] = [:]
        for case .attributes(let id, let name, let urls) in published {
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

/// A node of the v2 store; only the needed fields.
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
