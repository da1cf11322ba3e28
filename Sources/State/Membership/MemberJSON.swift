import FoundationEssentials
import GoText
import Identifiers

/// The JSON formats in which etcd stores and exchanges members: in bucket `members`, as context of
/// a configuration change, in the v2 store of `.snap` files and on the peer listener.
extension Member {
    /// `{"id":N,"peerURLs":[...],"isLearner":true,"name":"...","clientURLs":[...]}`; empty fields
    /// other than peerURLs are omitted.
    package var json: String {
        "{\"id\":\(id.rawValue),\(raftFields)\(publishedFields.isEmpty ? "" : "," + publishedFields)}"
    }

    /// The Raft attributes: `{"peerURLs":[...]}`.
    var raftAttributesJSON: String { "{\(raftFields)}" }

    /// The published attributes: `{"name":"...","clientURLs":[...]}`.
    var attributesJSON: String { "{\(publishedFields)}" }

    private var raftFields: String {
        "\"peerURLs\":\(jsonArray(peerURLs))" + (isLearner ? ",\"isLearner\":true" : "")
    }

    private var publishedFields: String {
        var fields: [String] = []
        if !name.isEmpty { fields.append("\"name\":\(name.goJSON)") }
        if !clientURLs.isEmpty { fields.append("\"clientURLs\":\(jsonArray(clientURLs))") }
        return fields.joined(separator: ",")
    }

    /// Parses the format of `json`; nil for anything else.
    package init?(json bytes: [UInt8]) {
        guard let parsed = try? JSONDecoder().decode(MemberFields.self, from: Data(bytes)) else {
            return nil
        }
        self.init(parsed)
    }

    /// The list that members exchange over their peer listeners.
    package static func json(_ members: [Member]) -> String {
        "[\(members.map(\.json).joined(separator: ","))]"
    }

    /// Parses the format of `json(_:)`; nil for anything else.
    package static func list(json bytes: [UInt8]) -> [Member]? {
        let parsed = try? JSONDecoder().decode([MemberFields].self, from: Data(bytes))
        return parsed?.map { Member($0) }
    }

    private init(_ fields: MemberFields) {
        self.init(
            id: MemberID(rawValue: fields.id ?? 0), peerURLs: fields.peerURLs ?? [],
            isLearner: fields.isLearner ?? false, name: fields.name ?? "",
            clientURLs: fields.clientURLs ?? [])
    }
}

/// The context of a configuration change that adds or promotes a member.
package struct MemberChangeContext: Equatable, Sendable {
    package var member: Member
    /// Whether the change promotes a learner to a voter.
    package var isPromotion: Bool

    package init(member: Member, isPromotion: Bool) {
        self.member = member
        self.isPromotion = isPromotion
    }

    /// A promotion contains only the member's id, and null for the nil slice, as Go encodes it.
    package var json: String {
        isPromotion
            ? "{\"id\":\(member.id.rawValue),\"peerURLs\":null,\"isPromote\":true}"
            : "\(member.json.dropLast()),\"isPromote\":false}"
    }

    package init?(json bytes: [UInt8]) {
        guard let member = Member(json: bytes),
            let fields = try? JSONDecoder().decode(MemberFields.self, from: Data(bytes))
        else { return nil }
        self.init(member: member, isPromotion: fields.isPromote ?? false)
    }
}

/// The attributes that a 3.5 member publishes through the v2 store.
struct PublishedAttributes: Decodable {
    var name: String?
    var clientURLs: [String]?

    init?(json text: String) {
        guard let parsed = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else {
            return nil
        }
        self = parsed
    }
}

struct MemberFields: Decodable {
    var id: UInt64?
    var peerURLs: [String]?
    var isLearner: Bool?
    var name: String?
    var clientURLs: [String]?
    var isPromote: Bool?
}

private func jsonArray(_ texts: [String]) -> String {
    "[\(texts.map(\.goJSON).joined(separator: ","))]"
}
