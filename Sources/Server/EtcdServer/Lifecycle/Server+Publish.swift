import Telemetry
import EtcdAPI
import MemberRuntime
import SwiftProtobuf

/// Publishing the member's attributes to the cluster: its name and its client URLs.
extension Server {
    private static let retryDelay = Duration.milliseconds(500)

    /// Retries until the attributes are committed, however long the cluster has no quorum.
    ///
    /// - Returns: whether they were published; false for a member that stops.
    func publish() async -> Bool {
        while !Task.isCancelled {
            do throws(EtcdError) {
                try await publishAttributes()
                logPublished()
                return true
            } catch {
                guard error != .stopped else { return false }
                logger.warn(
                    "failed to publish local member to cluster through raft",
                    [
                        "local-member-id": .hex(localID.rawValue),
                        "local-member-attributes": .string(attributesText),
                        "publish-timeout": .duration(configuration.requestTimeout),
                        "error": .string(error.message),
                    ])
            }
            try? await Task.sleep(for: Self.retryDelay)
        }
        return false
    }

    /// Publishes the attributes, then accepts clients.
    func join(_ listeners: Listeners) async {
        guard await publish(), !Task.isCancelled else { return }
        logger.info("ready to serve client requests")
        await listeners.serveClients()
        SystemNotify.send("READY=1")
    }

    private func publishAttributes() async throws(EtcdError) {
        var request = Membershippb_ClusterMemberAttrSetRequest()
        request.memberID = localID.rawValue
        request.memberAttributes.name = configuration.name
        request.memberAttributes.clientUrls = configuration.advertiseClientURLs.texts
        guard let payload: [UInt8] = try? request.serializedBytes() else { return }
        try await runtime.proposeOwn(
            "ClusterMemberAttrSet", field: InternalRaftRequest.Field.clusterMemberAttributesSet,
            payload: payload)
    }

    private func logPublished() {
        logger.info(
            "published local member to cluster through raft",
            [
                "local-member-id": .hex(localID.rawValue),
                "local-member-attributes": .string(attributesText),
                "cluster-id": .hex(clusterID.rawValue),
                "publish-timeout": .duration(configuration.requestTimeout),
            ])
    }

    private var attributesText: String {
        let urls = configuration.advertiseClientURLs.texts.joined(separator: " ")
        return "{Name:\(configuration.name) ClientURLs:[\(urls)]}"
    }
}
