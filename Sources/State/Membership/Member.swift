/// One member as the cluster knows it.
package struct Member: Equatable, Sendable {
    package let id: MemberID
    /// Where its peers reach it.
    package var peerURLs: [String]
    /// Receives the log but has no vote.
    package var isLearner: Bool
    /// Empty until the member has started and published itself.
    package var name: String
    /// Where clients reach it; empty until published.
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

    /// Whether it has ever started.
    package var isStarted: Bool { !name.isEmpty }
}
