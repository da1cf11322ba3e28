import GRPCServices
import Configuration
import EtcdAPI
import Identifiers
import Lease
import MVCC
import Membership
import PeerTransport
import MemberRuntime
import Stages
import SwiftProtobuf

/// Lease requests, which the primary lessor (the leader) serves.
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
            guard
                let seconds = try await context.leases.renewHere(
                    RenewalRequest(LeaseID(rawValue: request.id), by: .server))
            else {
                return .failure(400, EtcdError.notPrimaryLessor.message)
            }
            guard seconds > 0 else { return Self.leaseNotFound }
            var response = Etcdserverpb_LeaseKeepAliveResponse()
            response.id = request.id
            response.ttl = seconds
            var renewed = encoded(response)
            // The other member may send many renewals together from now on.
            renewed.headers.add(name: PeerCalls.programHeader, value: EtcdVersion.own)
            return renewed
        } catch {
            return error == .timeoutWaitingForAppliedIndex
                ? Self.late : .failure(400, error.message)
        }
    }

    func renewals(_ body: [UInt8]) async -> PeerResponse {
        guard let ids = RenewalBatch.decode(body) else { return Self.undecodable }
        do throws(EtcdError) {
            let seconds = try await context.leases.renewHere(
                ids.map { RenewalRequest(LeaseID(rawValue: $0), by: .server) })
            return success(
                "application/octet-stream", RenewalBatch.encode(seconds.map { $0 ?? 0 }),
                addsClusterID: false)
        } catch {
            return .failure(400, error.message)
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
            var response = Leasepb_LeaseInternalResponse()
            response.leaseTimeToLiveResponse = found
            response.leaseTimeToLiveResponse.header = Etcdserverpb_ResponseHeader()
            return encoded(response)
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
            return .failure(500, "the response cannot be encoded")
        }
        return success(Self.protobuf, bytes, addsClusterID: false)
    }
}

/// Hashes of the key-value history, for the corruption checks of other members.
extension PeerEndpoints {
    func hash(_ request: PeerRequest) async -> PeerResponse {
        if let cluster = request.headers.first(name: "X-Etcd-Cluster-ID"), !cluster.isEmpty,
            cluster != context.configuration.clusterID.description
        {
            return .failure(412, EtcdError.clusterIDMismatch.bareMessage)
        }
        guard let hashRequest = HashRequest(json: request.body) else { return Self.undecodable }
        do throws(EtcdError) {
            let hash = try await context.hash(at: hashRequest.revision)
            return success("application/json", Array(hash.json.utf8))
        } catch {
            logger.warn(
                "failed to get hashKV",
                [
                    "requested-revision": .integer(hashRequest.revision.rawValue),
                    "error": .string(error.message),
                ])
            return .failure(400, error.bareMessage)
        }
    }
}

extension ServiceContext {
    /// This member's hash at a revision; 0 for the newest.
    func hash(at revision: Revision) async throws(EtcdError) -> HashResponse {
        HashResponse(try await hashKV(at: revision))
    }
}

extension HashResponse {
    init(_ found: (hash: KeyValueHash, storeRevision: Revision)) {
        self.init(
            newestRevision: found.storeRevision, hash: found.hash.hash,
            compactRevision: found.hash.compactRevision, hashRevision: found.hash.revision)
    }
}
