package import NIOCore
import PeerTransport

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
        self.init { url, path, timeout in
            let answer = try await PeerClient.request(
                url: url, path: path, timeoutMilliseconds: timeout.milliseconds, group: group)
            guard answer.status == 200 else {
                throw BootstrapError("\(url)\(path) answers with status \(answer.status)")
            }
            return Answer(
                clusterID: answer.headers.first(name: "X-Etcd-Cluster-ID") ?? "",
                body: answer.body)
        }
    }
}
