import Configuration
package import ServerLogging

/// What has to hold before a member makes a new cluster of the initial members.
extension InitialCluster {
    /// The list has this member with the peer URLs it advertises, and no URL twice.
    ///
    /// - Parameter advertised: peer URLs of this member, sorted.
    /// - Throws: `BootstrapError` with etcd's text.
    package func requireBootstrappable(
        name: String, advertised: [String], logger: ServerLogger
    ) async throws {
        try await require(try member(named: name), advertised: advertised, logger)
        try requireDistinctURLs()
    }

    /// No URL is listed twice.
    package func requireDistinctURLs() throws(BootstrapError) {
        if hasDuplicateURL { throw BootstrapError("initial cluster \(text) has duplicate url") }
    }

    private func require(
        _ own: InitialMember, advertised: [String], _ logger: ServerLogger
    ) async throws {
        let listed = own.peerURLs.map(\.text)
        let comparison = PeerURLComparison(logger: logger)
        guard let difference = try await comparison.difference(advertised, listed) else { return }
        let unadvertised = Set(listed).subtracting(advertised).sorted()
        let joined = advertised.joined(separator: ",")
        if !unadvertised.isEmpty {
            let pairs = unadvertised.map { "\(own.name)=\($0)" }.joined(separator: ",")
            throw BootstrapError(
                "--initial-cluster has \(pairs) but missing from "
                    + "--initial-advertise-peer-urls=\(joined) (\(difference))")
        }
        // etcd prints the advertised URLs here too, although the text names the list.
        let shown = advertised.map { "\(own.name)=\($0)" }.joined(separator: ",")
        let unlisted = Set(advertised).subtracting(listed).sorted()
        if !unlisted.isEmpty {
            throw BootstrapError(
                "--initial-advertise-peer-urls has \(unlisted.joined(separator: ",")) but missing "
                    + "from --initial-cluster=\(shown)")
        }
        throw BootstrapError(
            "failed to resolve \(joined) to match --initial-cluster=\(shown) (\(difference))")
    }
}
