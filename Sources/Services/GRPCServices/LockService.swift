internal import EtcdAPI
internal import GRPC
import Identifiers

/// v3lockpb.Lock: mutual exclusion by an ownership queue.
struct LockService {
    let context: ServiceContext

    var methods: [GRPCMethod] {
        [
            context.generated("/v3lockpb.Lock/Lock") {
                (call: GRPCServerCall, request: V3lockpb_LockRequest, _) in
                let client = InProcessClient(call, context)
                call.serve { try await lock(request, client).serializedBytes() }
            },
            context.generated("/v3lockpb.Lock/Unlock") {
                (call: GRPCServerCall, request: V3lockpb_UnlockRequest, _) in
                let client = InProcessClient(call, context)
                call.serve { try await unlock(request, client).serializedBytes() }
            },
        ]
    }

    private func lock(
        _ request: V3lockpb_LockRequest, _ client: InProcessClient
    ) async throws -> V3lockpb_LockResponse {
        let queue = OwnershipQueue(client, name: request.name)
        let lease = try await queue.session(request.lease)
        let key = queue.key(lease: lease)
        let (joined, present) = try await queue.join(key, value: [], lease: lease)
        let revision = Revision(present?.createRevision ?? joined.revision)
        do {
            _ = try await queue.waitForOwnership(before: revision)
        } catch {
            try? await delete(key, client)
            throw error
        }
        // The lease may have expired while waiting; then the lock has another owner.
        let (pairs, header) = try await client.range(RangeRequest(key: key[...]))
        guard !pairs.isEmpty else { throw EtcdError.sessionExpired }
        var response = V3lockpb_LockResponse()
        response.header = Etcdserverpb_ResponseHeader(header)
        response.key = .init(key)
        return response
    }

    private func unlock(
        _ request: V3lockpb_UnlockRequest, _ client: InProcessClient
    ) async throws -> V3lockpb_UnlockResponse {
        guard !request.key.isEmpty else { throw EtcdError.emptyKey }
        var response = V3lockpb_UnlockResponse()
        response.header = Etcdserverpb_ResponseHeader(try await delete(Array(request.key), client))
        return response
    }

    @discardableResult
    private func delete(
        _ key: [UInt8], _ client: InProcessClient
    ) async throws -> ResponseHeader {
        let request = DeleteRangeRequest(key: key[...])
        return try await client.propose(
            InternalRaftRequest.Field.deleteRange, request.encoded()
        ).1
    }
}
