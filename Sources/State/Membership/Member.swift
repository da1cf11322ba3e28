package import Identifiers

/// One member of the cluster.
package struct Member: Equatable, Sendable {
    package let id: MemberID
    /// URLs for the other members.
    package var peerURLs: [String]
    /// A learner receives the log but does not vote.
    package var isLearner: Bool
    /// Empty until the member has started and published its attributes.
    package var name: String
    /// URLs for clients; empty until published.
    package var clientURLs: [String]

    package init(
        id: MemberID, peerURLs: [String], isLearner: Bool = false, name: String = "",
        clientURLs: [String] = []
    ) {
        self.id = id
        self.peerURLs = peerURLs
        self.isLearner = isLearner
        self.name = name
        self.clientURLs = clientURLs
    }

    /// Whether it has started at least once.
    package var isStarted: Bool { !name.isEmpty }
}
