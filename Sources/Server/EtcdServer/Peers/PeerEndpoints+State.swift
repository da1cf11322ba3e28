import ClientAPI
import EtcdAPI
import MVCC
import Membership
import PeerTransport
import ReplicaRuntime
import SwiftProtobuf

/// Leases, as the leader keeps their clocks.
extension PeerEndpoints {
    private static let protobuf = "application/protobuf"
    private static let undecodable = PeerResponse.failure(400, "error unmarshalling request")
    private static let late = PeerResponse.failure(
        408, "waiting for node to catch up its applied index has timed out")
    private static let leaseNotFound = PeerResponse.failure(404, "lease not found")

    func renewal(_ body: [UInt8]) async -> PeerResponse {
        guard let request = try? Etcdserverpb_LeaseKeepAliveRequest(serializedBytes: body) else {
            return Self.undecodable
        }
        do throws(EtcdError) {
            guard let seconds = try await context.leases.renewHere(request.id) else {
                return .failure(400, EtcdError.notPrimaryLessor.message)
            }
            guard seconds > 0 else { return Self.leaseNotFound }
            var answer = Etcdserverpb_LeaseKeepAliveResponse()
            answer.id = request.id
            answer.ttl = seconds
            return encoded(answer)
        } catch {
            return error == .timeoutWaitingForAppliedIndex
                ? Self.late : .failure(400, error.message)
        }
    }

    func timeToLive(_ body: [UInt8]) async -> PeerResponse {
        guard let request = try? Leasepb_LeaseInternalRequest(serializedBytes: body) else {
            return Self.undecodable
        }
        do throws(EtcdError) {
            guard
                let found = try await context.leases.timeToLiveHere(
                    request.leaseTimeToLiveRequest)
            else { return .failure(500, EtcdError.notPrimaryLessor.message) }
            var answer = Leasepb_LeaseInternalResponse()
            answer.leaseTimeToLiveResponse = found
            answer.leaseTimeToLiveResponse.header = Etcdserverpb_ResponseHeader()
            return encoded(answer)
        } catch {
            switch error {
            case .leaseNotFound: return Self.leaseNotFound
            case .timeoutWaitingForAppliedIndex: return Self.late
            default: return .failure(500, error.message)
            }
        }
    }

    private func encoded(_ message: some SwiftProtobuf.Message) -> PeerResponse {
        guard let bytes: [UInt8] = try? message.serializedBytes() else {
            return .failure(500, "the answer cannot be encoded")
        }
        return answer(Self.protobuf, bytes, tellsCluster: false)
    }
}

/// Hashes of the keys, for the checks of other members.
extension PeerEndpoints {
    func hash(_ request: PeerRequest) async -> PeerResponse {
        if let cluster = request.headers.first(name: "X-Etcd-Cluster-ID"), !cluster.isEmpty,
            cluster != context.settings.clusterID.description
        {
            return .failure(412, EtcdError.clusterIDMismatch.bareMessage)
        }
        guard let question = HashQuestion(json: request.body) else { return Self.undecodable }
        do throws(EtcdError) {
            let hash = try await context.hash(at: question.revision)
            return answer("application/json", Array(hash.json.utf8))
        } catch {
            logger.warn(
                "failed to get hashKV",
                [
                    "requested-revision": .integer(question.revision),
                    "error": .string(error.message),
                ])
            return .failure(400, error.bareMessage)
        }
    }
}

extension ServiceContext {
    /// This member's hash at a revision; 0 for its newest.
    func hash(at revision: Int64) async throws(EtcdError) -> HashAnswer {
        HashAnswer(try await hashKV(at: revision))
    }
}

extension HashAnswer {
    init(_ found: (hash: KeyValueHash, storeRevision: Int64)) {
        self.init(
            newestRevision: found.storeRevision, hash: found.hash.hash,
            compactRevision: found.hash.compactRevision, hashRevision: found.hash.revision)
    }
}
