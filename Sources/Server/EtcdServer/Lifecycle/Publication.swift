import ClientAPI
import EtcdAPI
import Membership
import ReplicaRuntime
import StateMachine
import SwiftProtobuf

/// What a started member tells its cluster: its name, its client URLs, and as leader of a new
/// cluster the version to keep to.
extension Server {
    private static let retryMilliseconds = 500

    /// Tries until it comes through, then says that clients can come.
    func publish() async {
        while !Task.isCancelled {
            if await publishAttributes(), await decideVersion() {
                logger.info(
                    "published local member to cluster through raft",
                    [
                        "local-member-id": .hex(localID.rawValue),
                        "local-member-attributes": .string(
                            "{Name:\(configuration.name) ClientURLs:"
                                + "[\(configuration.advertiseClientURLs.texts.joined(separator: " "))]}"
                        ),
                        "cluster-id": .hex(clusterID.rawValue),
                    ])
                logger.info("ready to serve client requests")
                SystemNotify.send("READY=1")
                return
            }
            try? await Task.sleep(for: .milliseconds(Self.retryMilliseconds))
        }
    }

    private func publishAttributes() async -> Bool {
        var request = Membershippb_ClusterMemberAttrSetRequest()
        request.memberID = localID.rawValue
        request.memberAttributes.name = configuration.name
        request.memberAttributes.clientUrls = configuration.advertiseClientURLs.texts
        return await propose(InternalRaftRequest.Field.clusterMemberAttributesSet, request)
    }

    /// A new cluster takes this version. One that has a version keeps it: raising it would keep
    /// the former etcd from starting on the same data again.
    private func decideVersion() async -> Bool {
        guard await clusterVersion() == nil else { return true }
        var request = Membershippb_ClusterVersionSetRequest()
        request.ver = EtcdVersion.cluster
        guard await propose(InternalRaftRequest.Field.clusterVersionSet, request) else {
            return false
        }
        let version = SemanticVersion(EtcdVersion.cluster)?.majorMinor ?? EtcdVersion.cluster
        logger.info(
            "set initial cluster version",
            [
                "cluster-id": .hex(clusterID.rawValue), "local-member-id": .hex(localID.rawValue),
                "cluster-version": .string(version),
            ])
        logger.info(
            "enabled capabilities for version", ["cluster-version": .string(version)])
        return true
    }

    private func clusterVersion() async -> SemanticVersion? {
        await withCheckedContinuation { continuation in
            runtime.onState { access in
                continuation.resume(returning: access.state.membership.version)
            }
        }
    }

    private func propose(_ field: UInt32, _ request: some SwiftProtobuf.Message) async -> Bool {
        guard let payload: [UInt8] = try? request.serializedBytes() else { return false }
        let (id, data) = runtime.wrap(field: field, payload: payload)
        let reply: ReplyValue = await withCheckedContinuation { continuation in
            let waiter = ReplyWaiter(continuation)
            runtime.submit([
                .propose(id: id, data: data, reply: ReplyAddress(sink: waiter, token: 0))
            ])
        }
        if case .applied = reply { return true }
        return false
    }
}

/// Waits for one answer.
private final class ReplyWaiter: ReplySink {
    private let continuation: CheckedContinuation<ReplyValue, Never>

    init(_ continuation: CheckedContinuation<ReplyValue, Never>) {
        self.continuation = continuation
    }

    func deliver(_ replies: [Reply]) {
        for reply in replies { continuation.resume(returning: reply.value) }
    }
}
