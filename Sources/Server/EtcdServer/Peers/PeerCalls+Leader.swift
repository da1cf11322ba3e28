import GRPCServices
import EtcdAPI
import Identifiers
import Membership
import MonotonicClock
import NIOCore
import PeerTransport
import Raft
import SwiftProtobuf

/// Requests to the leader on behalf of clients.
extension PeerCalls: PeerCalling {
    func activeSince(_ member: MemberID) -> MonotonicTime? {
        transport.activeSince(member)
    }

    func renewLease(
        _ id: Int64, at leader: Member, within limit: TimeSpan
    ) async throws(LeaderCallError) -> Int64 {
        var request = Etcdserverpb_LeaseKeepAliveRequest()
        request.id = id
        let response: Etcdserverpb_LeaseKeepAliveResponse = try await post(
            request, "/leases", at: leader, within: limit)
        guard response.id == id else { throw .unreachable }
        return response.ttl
    }

    func renewLeases(
        _ ids: [Int64], at leader: Member, on loop: any EventLoop,
        _ completion: @escaping ([Int64?]) -> Void
    ) {
        leaderRequests.renew(ids, at: leader, on: loop, completion)
    }

    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, at leader: Member,
        within limit: TimeSpan
    ) async throws(LeaderCallError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        var wrapped = Leasepb_LeaseInternalRequest()
        wrapped.leaseTimeToLiveRequest = request
        let response: Leasepb_LeaseInternalResponse = try await post(
            wrapped, "/leases/internal", at: leader, within: limit)
        guard response.leaseTimeToLiveResponse.id == request.id else { throw .unreachable }
        return response.leaseTimeToLiveResponse
    }

    func promote(
        _ learner: MemberID, at leader: Member, token: String?,
        within limit: TimeSpan
    ) async throws(LeaderCallError) -> [Member] {
        let path = PeerEndpoints.promotionPrefix + String(learner.rawValue)
        for url in leader.peerURLs {
            let response: PeerResponse
            do {
                response = try await send(
                    "POST", url, path, headers: token.map { ["Authorization": $0] } ?? [:],
                    within: limit)
            } catch {
                continue
            }
            let text = String(decoding: response.body, as: UTF8.self)
            switch response.status {
            case 200: if let members = Member.list(json: response.body) { return members }
            case 404: throw .rejected(.memberNotFound)
            case 412 where text.contains(EtcdError.learnerNotReady.message):
                throw .rejected(.learnerNotReady)
            case 412 where text.contains(EtcdError.memberNotLearner.bareMessage):
                throw .rejected(.memberNotLearner)
            default: continue
            }
        }
        throw .unreachable
    }

    /// Posts a message to the leader and decodes its response.
    private func post<Response: SwiftProtobuf.Message>(
        _ request: some SwiftProtobuf.Message, _ path: String, at leader: Member,
        within limit: TimeSpan
    ) async throws(LeaderCallError) -> Response {
        guard let body: [UInt8] = try? request.serializedBytes() else { throw .unreachable }
        for url in leader.peerURLs {
            let response: PeerResponse
            do {
                response = try await leaderRequests.post(
                    body, path, to: url, within: limit, on: group.any()
                ).get()
            } catch {
                continue
            }
            switch response.status {
            case 200:
                if let message = try? Response(serializedBytes: response.body) { return message }
            case 404: throw .rejected(.leaseNotFound)
            default: continue
            }
        }
        throw .unreachable
    }
}
