import ClientAPI
import EtcdAPI
import Membership
import PeerTransport
import Raft
import SwiftProtobuf

/// What this member asks of the leader for its clients.
extension PeerCalls: OtherMembers {
    func activeSince(_ member: Membership.MemberID) -> Int64? {
        transport.activeSince(Raft.MemberID(member.rawValue))
    }

    func renewLease(
        _ id: Int64, at leader: Member, withinMilliseconds limit: Int64
    ) async throws(LeaderCallError) -> Int64 {
        var request = Etcdserverpb_LeaseKeepAliveRequest()
        request.id = id
        let answer: Etcdserverpb_LeaseKeepAliveResponse = try await post(
            request, "/leases", at: leader, withinMilliseconds: limit)
        guard answer.id == id else { throw .unreachable }
        return answer.ttl
    }

    func timeToLive(
        _ request: Etcdserverpb_LeaseTimeToLiveRequest, at leader: Member,
        withinMilliseconds limit: Int64
    ) async throws(LeaderCallError) -> Etcdserverpb_LeaseTimeToLiveResponse {
        var wrapped = Leasepb_LeaseInternalRequest()
        wrapped.leaseTimeToLiveRequest = request
        let answer: Leasepb_LeaseInternalResponse = try await post(
            wrapped, "/leases/internal", at: leader, withinMilliseconds: limit)
        guard answer.leaseTimeToLiveResponse.id == request.id else { throw .unreachable }
        return answer.leaseTimeToLiveResponse
    }

    func promote(
        _ learner: Membership.MemberID, at leader: Member, token: String?,
        withinMilliseconds limit: Int64
    ) async throws(LeaderCallError) -> [Member] {
        let path = PeerEndpoints.promotionPrefix + String(learner.rawValue)
        for url in leader.peerURLs {
            let answer: PeerResponse
            do {
                answer = try await send(
                    "POST", url, path, headers: token.map { ["Authorization": $0] } ?? [:],
                    withinMilliseconds: limit)
            } catch {
                continue
            }
            let text = String(decoding: answer.body, as: UTF8.self)
            switch answer.status {
            case 200: if let members = Member.list(json: answer.body) { return members }
            case 404: throw .answer(.memberNotFound)
            case 412 where text.contains(EtcdError.learnerNotReady.message):
                throw .answer(.learnerNotReady)
            case 412 where text.contains(EtcdError.memberNotLearner.bareMessage):
                throw .answer(.memberNotLearner)
            default: continue
            }
        }
        throw .unreachable
    }

    /// Posts a message to the leader and reads the one that it answers with.
    private func post<Answer: SwiftProtobuf.Message>(
        _ request: some SwiftProtobuf.Message, _ path: String, at leader: Member,
        withinMilliseconds limit: Int64
    ) async throws(LeaderCallError) -> Answer {
        guard let body: [UInt8] = try? request.serializedBytes() else { throw .unreachable }
        for url in leader.peerURLs {
            let answer: PeerResponse
            do {
                answer = try await send(
                    "POST", url, path, headers: ["Content-Type": "application/protobuf"],
                    body: body, withinMilliseconds: limit)
            } catch {
                continue
            }
            switch answer.status {
            case 200: if let message = try? Answer(serializedBytes: answer.body) { return message }
            case 404: throw .answer(.leaseNotFound)
            default: continue
            }
        }
        throw .unreachable
    }
}
