import Membership

/// The members that a cluster is to be founded by, or that a joining member expects in it.
struct InitialCluster: Sendable, Equatable {
    /// Keeps the identities of different clusters apart.
    let token: String
    /// By name.
    let members: [InitialMember]

    /// `name=url` of every URL, sorted, as `--initial-cluster` takes it.
    var text: String {
        members.flatMap { member in member.peerURLs.map { "\(member.name)=\($0.text)" } }
            .sorted().joined(separator: ",")
    }

    /// The member of that name.
    func member(named name: String) throws(BootstrapError) -> InitialMember {
        guard let member = members.first(where: { $0.name == name }) else {
            throw BootstrapError(
                "couldn't find local name \(name.goQuoted) in the initial cluster configuration")
        }
        return member
    }

    /// Whether a URL stands for two members, or twice for one.
    var hasDuplicateURL: Bool {
        let texts = members.flatMap { $0.peerURLs.map(\.text) }
        return Set(texts).count < texts.count
    }

    /// Peer URLs of all but one, sorted: whom to ask about the cluster.
    func peerURLs(except name: String) -> [String] {
        members.filter { $0.name != name }.flatMap { $0.peerURLs.map(\.text) }.sorted()
    }

    /// The members with the identities that they have as founders, ascending by identity.
    func founders() throws(BootstrapError) -> [Member] {
        var founders: [Member] = []
        for member in members {
            let urls = member.peerURLs.map(\.text)
            let founder = Member(
                id: MemberID(peerURLs: urls, token: token), peerURLs: urls, name: member.name)
            guard !founders.contains(where: { $0.id == founder.id }) else {
                throw BootstrapError("member exists with identical ID \(founder.id)")
            }
            guard founder.id.rawValue != 0 else {
                throw BootstrapError("cannot use 0 as member id")
            }
            founders.append(founder)
        }
        return founders.sorted { $0.id < $1.id }
    }
}

extension [Member] {
    /// The member of that name; the caller has made sure that it is listed.
    func named(_ name: String) throws(BootstrapError) -> Member {
        guard let member = first(where: { $0.name == name }) else {
            throw BootstrapError(
                "couldn't find local name \(name.goQuoted) in the initial cluster configuration")
        }
        return member
    }
}
