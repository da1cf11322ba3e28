import Identifiers

/// The known state of a discovery registry: the cluster size and the members registered so far.
struct RegistryView {
    struct Registration: Equatable {
        let key: String
        /// `name=url`, or several joined by commas.
        let pair: String
        let createRevision: Revision
    }

    let size: Int
    /// The prefix of the keys of members.
    let prefix: String
    /// In the order of registration.
    private(set) var members: [Registration] = []
    /// The revision of the registry that this view reflects.
    var revision: Revision = 0

    init(size: Int, prefix: String) {
        self.size = size
        self.prefix = prefix
    }

    var isComplete: Bool { members.count >= size }

    /// Adds a registration; returns the reason if it is refused.
    mutating func add(key: String, value: String, createRevision: Revision) -> String? {
        guard key.hasPrefix(prefix) else { return "invalid peer registry key" }
        guard value.contains("=") else {
            return "invalid peer info returned from discovery service"
        }
        guard !members.contains(where: { $0.key == key }) else {
            return "found duplicate peer from discovery service"
        }
        members.append(Registration(key: key, pair: value, createRevision: createRevision))
        members.sort { $0.createRevision < $1.createRevision }
        return nil
    }

    /// Whether a member is among the initial members, or may become one.
    func admits(_ key: String) -> Bool {
        members.count < size || members.prefix(size).contains { $0.key == key }
    }

    /// The initial members: those that registered first.
    var initialCluster: String { members.prefix(size).map(\.pair).joined(separator: ",") }
}
