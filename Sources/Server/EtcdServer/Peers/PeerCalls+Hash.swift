import EtcdAPI
import MVCC
import Membership

/// What another member says when it is asked for its hash.
struct PeerHash: Sendable {
    let member: Member
    let result: Result<HashAnswer, Failure>

    enum Failure: Error, Equatable, Sendable {
        /// It has not come to that revision.
        case future
        /// It remembers only later revisions.
        case compacted
        /// It belongs to another cluster.
        case otherCluster
        case other(String)
    }

    var answer: HashAnswer? { try? result.get() }
}

/// Hashes.
extension PeerCalls {
    /// The hashes of all other members at a revision.
    func hashes(of membership: ClusterMembership, at revision: Int64) async -> [PeerHash] {
        var hashes: [PeerHash] = []
        for member in membership.members where member.id != membership.localID {
            guard !member.peerURLs.isEmpty else { continue }
            hashes.append(
                PeerHash(member: member, result: await hash(of: member, at: revision)))
        }
        return hashes
    }

    private func hash(
        of member: Member, at revision: Int64
    ) async -> Result<HashAnswer, PeerHash.Failure> {
        var failure = PeerHash.Failure.other("no peer URL")
        for url in member.peerURLs {
            do {
                let answer = try await send(
                    "GET", url, "/members/hashkv",
                    headers: [
                        "Content-Type": "application/json",
                        "X-Etcd-Cluster-ID": clusterID.description,
                    ], body: Array(HashQuestion(revision: revision).json.utf8))
                if answer.status == 200, let hash = HashAnswer(json: answer.body) {
                    return .success(hash)
                }
                failure = Self.failure(
                    answer.status, String(decoding: answer.body, as: UTF8.self))
            } catch {
                failure = .other("\(error)")
            }
            logger.warn(
                "failed hash kv request",
                [
                    "requested-revision": .integer(revision),
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
