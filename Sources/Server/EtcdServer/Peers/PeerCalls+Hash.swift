import EtcdAPI
import Identifiers
import MVCC
import Membership

/// The result of requesting another member's hash.
struct PeerHash: Sendable {
    let member: Member
    let result: Result<HashResponse, Failure>

    enum Failure: Error, Equatable, Sendable {
        /// The member has not reached that revision.
        case future
        /// The member has compacted that revision.
        case compacted
        /// The member belongs to another cluster.
        case otherCluster
        case other(String)
    }

    var response: HashResponse? { try? result.get() }
}

/// Hash requests.
extension PeerCalls {
    /// The hashes of all other members at a revision.
    func hashes(of membership: ClusterMembership, at revision: Revision) async -> [PeerHash] {
        var hashes: [PeerHash] = []
        for member in membership.members where member.id != membership.localID {
            guard !member.peerURLs.isEmpty else { continue }
            hashes.append(
                PeerHash(member: member, result: await hash(of: member, at: revision)))
        }
        return hashes
    }

    private func hash(
        of member: Member, at revision: Revision
    ) async -> Result<HashResponse, PeerHash.Failure> {
        var failure = PeerHash.Failure.other("no peer URL")
        for url in member.peerURLs {
            do {
                let response = try await send(
                    "GET", url, "/members/hashkv",
                    headers: [
                        "Content-Type": "application/json",
                        "X-Etcd-Cluster-ID": clusterID.description,
                    ], body: Array(HashRequest(revision: revision).json.utf8))
                if response.status == 200, let hash = HashResponse(json: response.body) {
                    return .success(hash)
                }
                failure = Self.failure(
                    response.status, String(decoding: response.body, as: UTF8.self))
            } catch {
                failure = .other("\(error)")
            }
            logger.warn(
                "failed hash kv request",
                [
                    "requested-revision": .integer(revision.rawValue),
                    "remote-peer-endpoint": .string(url), "error": .string("\(failure)"),
                ])
        }
        return .failure(failure)
    }

    private static func failure(_ status: Int, _ text: String) -> PeerHash.Failure {
        switch status {
        case 400 where text.contains(EtcdError.compacted.bareMessage): .compacted
        case 400 where text.contains(EtcdError.futureRevision.bareMessage): .future
        case 412 where text.contains(EtcdError.clusterIDMismatch.bareMessage): .otherCluster
        default: .other("unknown error: \(text)")
        }
    }
}
