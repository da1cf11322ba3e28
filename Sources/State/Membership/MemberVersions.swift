import FoundationEssentials

/// The response of the endpoint `/version`: the server version and the cluster version.
package struct MemberVersions: Sendable, Equatable {
    package var server: String
    /// `not_decided` while the cluster version is undecided.
    package var cluster: String

    package init(server: String, cluster: String) {
        self.server = server
        self.cluster = cluster
    }

    /// nil when the bytes are anything else.
    package init?(json bytes: [UInt8]) {
        guard let fields = try? JSONDecoder().decode(Fields.self, from: Data(bytes)) else {
            return nil
        }
        self.init(server: fields.etcdserver ?? "", cluster: fields.etcdcluster ?? "")
    }

    private struct Fields: Decodable {
        var etcdserver: String?
        var etcdcluster: String?
    }
}
