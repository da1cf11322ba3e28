package import NIOCore

/// How a starting member asks others about their cluster: one HTTP GET on a peer URL.
package struct PeerEnquiry: Sendable {
    /// What came back.
    package struct Answer: Sendable {
        /// Value of the header `X-Etcd-Cluster-ID`; empty without it.
        package var clusterID: String
        package var body: [UInt8]

        package init(clusterID: String, body: [UInt8]) {
            self.clusterID = clusterID
            self.body = body
        }
    }

    /// Asks for a path of a peer URL; throws when nothing came back within the time.
    package let get:
        @Sendable (_ url: String, _ path: String, _ timeout: Duration) async throws -> Answer

    package init(
        get:
            @escaping @Sendable (
                _ url: String, _ path: String, _ timeout: Duration
            ) async throws -> Answer
    ) {
        self.get = get
    }
}

extension PeerEnquiry {
    /// Asks over the network.
    package init(group: any EventLoopGroup) {
        self.init { url, path, _ in
            throw BootstrapError("\(url)\(path) cannot be asked: this build has no peer client")
        }
    }
}
