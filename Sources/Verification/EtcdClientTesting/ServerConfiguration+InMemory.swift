internal import Configuration

extension ServerConfiguration {
    /// The name of the member.
    static let inMemoryName = "in-memory"
    /// The fewest rounds that bcrypt has: no one attacks these passwords.
    private static let passwordCost: UInt = 4
    /// Of a member without others, which has no listener for them.
    private static let peerURL = "http://127.0.0.1:2380"

    /// The configuration of the only member of a cluster whose files are in memory.
    init(inMemoryOnPort port: Int) throws {
        self.init()
        name = Self.inMemoryName
        dataDirectory = "/etcd"
        listenPeerURLs = EndpointURLList([])
        initialAdvertisePeerURLs = try EndpointURLList(flagText: Self.peerURL)
        initialCluster = "\(Self.inMemoryName)=\(Self.peerURL)"
        listenClientURLs = try EndpointURLList(flagText: "http://127.0.0.1:\(port)")
        advertiseClientURLs = listenClientURLs
        bcryptCost = Self.passwordCost
    }
}
