package import Configuration
import GoText
import Identifiers
package import Membership

/// The initial members of a new cluster, or the members that a joining member expects.
package struct InitialCluster: Sendable, Equatable {
    /// Keeps the identities of different clusters apart.
    package let token: String
    /// By name.
    package let members: [InitialMember]

    package init(token: String, members: [InitialMember]) {
        self.token = token
        self.members = members
    }

    /// `name=url` of every URL, sorted, as `--initial-cluster` takes it.
    package var text: String {
        members.flatMap { member in member.peerURLs.map { "\(member.name)=\($0.text)" } }
            .sorted().joined(separator: ",")
    }

    /// The member of that name.
    package func member(named name: String) throws(BootstrapError) -> InitialMember {
        guard let member = members.first(where: { $0.name == name }) else {
            throw BootstrapError(
                "couldn't find local name \(name.goQuoted) in the initial cluster configuration")
        }
        return member
    }

    /// Whether a URL is listed for two members, or twice for one.
    package var hasDuplicateURL: Bool {
        let texts = members.flatMap { $0.peerURLs.map(\.text) }
        return Set(texts).count < texts.count
    }

    /// Peer URLs of all members but one, sorted: where to ask about the cluster.
    package func peerURLs(except name: String) -> [String] {
        members.filter { $0.name != name }.flatMap { $0.peerURLs.map(\.text) }.sorted()
    }

    /// The members with the IDs that a new cluster derives from their URLs, ascending by ID.
    package func membersWithIDs() throws(BootstrapError) -> [Member] {
        var initialMembers: [Member] = []
        for listed in members {
            let urls = listed.peerURLs.map(\.text)
            let member = Member(
                id: MemberID(peerURLs: urls, token: token), peerURLs: urls, name: listed.name)
            guard !initialMembers.contains(where: { $0.id == member.id }) else {
                throw BootstrapError("member exists with identical ID \(member.id)")
            }
            guard member.id.rawValue != 0 else {
                throw BootstrapError("cannot use 0 as member id")
            }
            initialMembers.append(member)
        }
        return initialMembers.sorted { $0.id < $1.id }
    }
}

extension [Member] {
    /// The member with that name; callers have checked that it is listed.
    package func named(_ name: String) throws(BootstrapError) -> Member {
        guard let member = first(where: { $0.name == name }) else {
            throw BootstrapError(
                "couldn't find local name \(name.goQuoted) in the initial cluster configuration")
        }
        return member
    }
}
