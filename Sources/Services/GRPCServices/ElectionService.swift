internal import EtcdAPI
internal import GRPC
import Identifiers
internal import SwiftProtobuf

/// v3electionpb.Election: leader election by an ownership queue; a leader proclaims its value.
struct ElectionService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            method("Campaign", campaign), method("Proclaim", proclaim),
            method("Leader", leader), method("Resign", resign),
            context.stream("/v3electionpb.Election/Observe", .serverStreaming) { _, _ in
                ObserveHandler(context: context)
            },
        ]
    }

    private func method<Request: SwiftProtobuf.Message, Response: SwiftProtobuf.Message>(
        _ name: String,
        _ body: @escaping @Sendable (Request, InProcessClient) async throws -> Response
    ) -> GRPCMethod {
        context.generated("/v3electionpb.Election/\(name)") {
            (call: GRPCServerCall, request: Request, _) in
            let client = InProcessClient(call, context)
            call.serve { try await body(request, client).serializedBytes() }
        }
    }

    private func campaign(
        _ request: V3electionpb_CampaignRequest, _ client: InProcessClient
    ) async throws -> V3electionpb_CampaignResponse {
        let queue = OwnershipQueue(client, name: request.name)
        let lease = try await queue.session(request.lease)
        let key = queue.key(lease: lease)
        let value = Array(request.value)
        let (header, present) = try await queue.join(key, value: value, lease: lease)
        let revision = Revision(present?.createRevision ?? header.revision)
        if let present, !present.value.elementsEqual(value) {
            _ = try await put(value, key, revision, lease, client)
        }
        do {
            _ = try await queue.waitForOwnership(before: revision)
        } catch {
            if Task.isCancelled { _ = try? await resign(key, revision, client) }
            throw error
        }
        var response = V3electionpb_CampaignResponse()
        response.header = Etcdserverpb_ResponseHeader(header)
        response.leader.name = request.name
        response.leader.key = .init(key)
        response.leader.rev = revision.rawValue
        response.leader.lease = lease
        return response
    }

    private func proclaim(
        _ request: V3electionpb_ProclaimRequest, _ client: InProcessClient
    ) async throws -> V3electionpb_ProclaimResponse {
        guard request.hasLeader else { throw EtcdError.electionMissingLeaderKey }
        let leader = request.leader
        let lease = try await OwnershipQueue(client, name: leader.name).session(leader.lease)
        var response = V3electionpb_ProclaimResponse()
        response.header = Etcdserverpb_ResponseHeader(
            try await put(
                Array(request.value), Array(leader.key), Revision(leader.rev), lease, client))
        return response
    }

    /// Changes a leader's value if its key still has the create revision of the election.
    private func put(
        _ value: [UInt8], _ key: [UInt8], _ revision: Revision, _ lease: Int64,
        _ client: InProcessClient
    ) async throws -> ResponseHeader {
        let request = TxnRequest(
            compare: [OwnershipQueue.isCreated(key, at: revision)],
            success: [.put(PutRequest(key: key[...], value: value[...], lease: lease))])
        let (response, header) = try await client.transaction(request)
        guard response.succeeded else { throw EtcdError.electionNotLeader }
        return header
    }

    private func leader(
        _ request: V3electionpb_LeaderRequest, _ client: InProcessClient
    ) async throws -> V3electionpb_LeaderResponse {
        let (pair, header) = try await OwnershipQueue(client, name: request.name).owner()
        guard let pair else { throw EtcdError.electionNoLeader }
        return V3electionpb_LeaderResponse(pair, header)
    }

    private func resign(
        _ request: V3electionpb_ResignRequest, _ client: InProcessClient
    ) async throws -> V3electionpb_ResignResponse {
        guard request.hasLeader else { throw EtcdError.electionMissingLeaderKey }
        var response = V3electionpb_ResignResponse()
        response.header = Etcdserverpb_ResponseHeader(
            try await resign(Array(request.leader.key), Revision(request.leader.rev), client))
        return response
    }

    /// Leaves the queue if the key still has the create revision it was joined with.
    private func resign(
        _ key: [UInt8], _ revision: Revision, _ client: InProcessClient
    ) async throws -> ResponseHeader {
        let request = TxnRequest(
            compare: [OwnershipQueue.isCreated(key, at: revision)],
            success: [.deleteRange(DeleteRangeRequest(key: key[...]))])
        return try await client.transaction(request).1
    }
}

extension V3electionpb_LeaderResponse {
    init(_ pair: KeyValue, _ header: ResponseHeader) {
        self.init()
        self.header = Etcdserverpb_ResponseHeader(header)
        kv = Mvccpb_KeyValue(pair)
    }
}
